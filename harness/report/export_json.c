/* export_json.c - the result's own document, once it has been checked.
 *
 * A program that wants all of a result reads result.json; this is the way to it
 * for one that is given a result by its folder, and the way to know that what
 * comes is a result: the document was read and checked before. It is printed
 * anew, so that a file edited by hand comes out in one form.
 */
#include <errno.h>
#include <jansson.h>

#include "base/diag.h"
#include "report/export.h"
#include "result/result.h"

int export_document(const json_t *document, FILE *out)
{
	if (!json_dumpf(document, out, JSON_INDENT(1) | JSON_PRESERVE_ORDER) &&
		fputc('\n', out) != EOF)
		return 0;
	diag_error("cannot write the result: is the disk full, or the "
		   "reader gone?");
	return -EIO;
}

int export_json(const struct result *result, FILE *out)
{
	json_error_t error;
	json_t *json =
		json_load_file(result->path, JSON_REJECT_DUPLICATES, &error);
	int err;

	if (!json) {
		diag_error("%s: %s; it was changed while it was read",
			result->path, error.text);
		return -EBADMSG;
	}
	err = export_document(json, out);
	json_decref(json);
	return err;
}
