/* human.c - three significant digits and a unit; see human.h. */
#include <math.h>
#include <stdio.h>

#include "base/human.h"

static char *dash(char buffer[HUMAN_BYTES])
{
	snprintf(buffer, HUMAN_BYTES, "-");
	return buffer;
}

/* Decimals that leave three significant digits of @value, which is at least 1
 * or has no smaller unit. */
static int decimals(double value)
{
	if (value >= 99.95)
		return 0;
	return value >= 9.995 ? 1 : 2;
}

static char *scaled(double value, const char *const *units, size_t unit_count,
	char buffer[HUMAN_BYTES])
{
	size_t unit = 0;

	if (!isfinite(value))
		return dash(buffer);
	while (unit + 1 < unit_count && value >= 999.5) {
		value /= 1000;
		unit++;
	}
	if (unit == 0 && value == floor(value))
		snprintf(buffer, HUMAN_BYTES, "%.0f %s", value, units[unit]);
	else
		snprintf(buffer, HUMAN_BYTES, "%.*f %s", decimals(value), value,
			units[unit]);
	return buffer;
}

char *human_size(uint64_t bytes, char buffer[HUMAN_BYTES])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	size_t unit = 0;
	double value = (double)bytes;

	while (unit + 1 < sizeof(units) / sizeof(*units) && value >= 1024) {
		value /= 1024;
		unit++;
	}
	if (value == floor(value))
		snprintf(buffer, HUMAN_BYTES, "%.0f %s", value, units[unit]);
	else
		snprintf(buffer, HUMAN_BYTES, "%.*f %s", decimals(value), value,
			units[unit]);
	return buffer;
}

char *human_rate(double per_s, char buffer[HUMAN_BYTES])
{
	static const char *const units[] = {"/s", "k/s", "M/s", "G/s"};

	return scaled(per_s, units, 4, buffer);
}

char *human_count(uint64_t count, char buffer[HUMAN_BYTES])
{
	static const char *const units[] = {"", " k", " M", " G", " T"};
	double value = (double)count;
	size_t unit = 0;

	while (unit < 4 && value >= 999.5) {
		value /= 1000;
		unit++;
	}
	snprintf(buffer, HUMAN_BYTES, "%.*f%s", unit ? decimals(value) : 0,
		value, units[unit]);
	return buffer;
}

char *human_byte_rate(double bytes_per_s, char buffer[HUMAN_BYTES])
{
	static const char *const units[] = {
		"B/s", "kB/s", "MB/s", "GB/s", "TB/s"};

	return scaled(bytes_per_s, units, 5, buffer);
}

char *human_time(double ns, char buffer[HUMAN_BYTES])
{
	static const char *const units[] = {"ns", "us", "ms", "s"};

	return scaled(ns, units, 4, buffer);
}

char *human_ratio(double ratio, char buffer[HUMAN_BYTES])
{
	int places;

	if (!isfinite(ratio))
		return dash(buffer);
	places = decimals(ratio);
	if (ratio > 0 && ratio < 0.0995)
		places = 1 - (int)floor(log10(ratio)); /* two digits */
	if (places > 9)
		places = 9;
	snprintf(buffer, HUMAN_BYTES, "%.*fx", places, ratio);
	return buffer;
}
