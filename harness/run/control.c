/* control.c - one mapping, laid out once.
 *
 * The bits of VERIFY_FULL are 8 MiB per producer, mapped without reserving:
 * only what is used costs memory.
 */
#include "run/control.h"

#include <errno.h>
#include <sys/mman.h>

static size_t round_up(size_t bytes)
{
	return (bytes + LINE_PAIR_BYTES - 1) / LINE_PAIR_BYTES *
	       LINE_PAIR_BYTES;
}

int control_create(unsigned producer_numbers, unsigned consumer_numbers,
	enum verify_mode verify, struct control_block *ret_block)
{
	unsigned workers = producer_numbers + consumer_numbers;
	struct control_block block = {
		.producer_numbers = producer_numbers,
		.consumer_numbers = consumer_numbers,
		.ledger_bytes =
			round_up(sizeof(struct verify_ledger) +
				 producer_numbers * sizeof(struct ledger_line)),
	};
	size_t slots_at = round_up(sizeof(struct control));
	size_t sent_at =
		slots_at + round_up(workers * sizeof(struct worker_slot));
	size_t ledgers_at =
		sent_at + producer_numbers * sizeof(struct sent_line);
	size_t bits_at = ledgers_at + consumer_numbers * block.ledger_bytes;
	char *base;

	block.total_bytes = bits_at;
	if (verify == VERIFY_FULL)
		block.total_bytes +=
			producer_numbers * sizeof(struct ledger_bits);
	base = mmap(NULL, block.total_bytes, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return -ENOMEM;
	block.control = (struct control *)(void *)base;
	block.slots = (struct worker_slot *)(void *)(base + slots_at);
	block.sent = (struct sent_line *)(void *)(base + sent_at);
	block.ledgers = base + ledgers_at;
	if (verify == VERIFY_FULL)
		block.bits = (struct ledger_bits *)(void *)(base + bits_at);
	hist_init(&block.control->rtt);
	*ret_block = block;
	return 0;
}

static size_t latencies_bytes(const struct control_block *block)
{
	return (block->producer_numbers + block->consumer_numbers) *
	       sizeof(struct latency);
}

int control_add_latencies(struct control_block *block)
{
	void *base = mmap(NULL, latencies_bytes(block), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (base == MAP_FAILED)
		return -ENOMEM;
	block->latencies = base;
	return 0;
}

void control_free(struct control_block *block)
{
	if (block->latencies)
		munmap(block->latencies, latencies_bytes(block));
	block->latencies = NULL;
	if (block->control)
		munmap(block->control, block->total_bytes);
	block->control = NULL;
}

struct verify_ledger *control_ledger(
	const struct control_block *block, unsigned consumer)
{
	char *ledgers = block->ledgers;

	return (struct verify_ledger *)(void *)(ledgers +
						consumer * block->ledger_bytes);
}
