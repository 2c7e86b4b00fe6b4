/* config.c - of a case, what concerns its channel. */
#include "transport/transport.h"

struct channel_config transport_config(
	const struct bench_case *bench, const char *name)
{
	return (struct channel_config){
		.spec = bench->transport,
		.name = name,
		.msg_size_bytes = bench->msg_size_bytes,
		.capacity_bytes = bench->capacity_bytes,
		.batch = bench->batch,
		.producers = bench->producers,
		.consumers = bench->consumers,
		.wait = bench->wait,
		.spin_us = bench->spin_us,
		.huge = bench->huge,
	};
}
