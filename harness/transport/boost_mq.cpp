/* boost_mq.cpp - message_queue of Boost.Interprocess.
 *
 * What a C++ programmer finds first: a queue by name in POSIX shared memory,
 * any number of producers and consumers, messages up to a size and a number
 * given when it is made, ordered by priority (all are 0 here, which its index
 * handles without a search). One mutex and two conditions, process-shared and
 * not robust: whoever dies holding the mutex takes the queue along, and nothing
 * in the interface tells who holds it.
 *
 * Blocking waits are its own: timed_send() and timed_receive(); polling is
 * try_send() and try_receive(). It has no calls for batches. Its exceptions end
 * at the functions below.
 *
 * A harness that is killed leaves the queue behind until the next boot, named
 * as in channel_config; destroy() removes it.
 */
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <exception>
#include <new>
#include <string>

#include <boost/date_time/posix_time/posix_time_types.hpp>
#include <boost/interprocess/ipc/message_queue.hpp>

#include "transport/capacity.h"
#include "transport/list.h"
#include "transport/optional.h"
#include "transport/transport.h"

namespace
{

namespace bi = boost::interprocess;
namespace pt = boost::posix_time;

/* What the boundary returns for what was thrown. */
int code_of(const bi::interprocess_exception &error)
{
	switch (error.get_error_code()) {
	case bi::size_error:
		return -EMSGSIZE;
	case bi::already_exists_error:
		return -EEXIST;
	case bi::not_found_error:
		return -ENOENT;
	case bi::out_of_space_error:
		return -ENOSPC;
	case bi::out_of_memory_error:
		return -ENOMEM;
	case bi::security_error:
		return -EACCES;
	default:
		return error.get_native_error() ? -error.get_native_error()
						: -EIO;
	}
}

/* Run @work, which returns 0 or -errno, and let nothing through. */
template <class Work> int guarded(Work work) noexcept
{
	try {
		return work();
	} catch (const bi::interprocess_exception &error) {
		return code_of(error);
	} catch (const std::bad_alloc &) {
		return -ENOMEM;
	} catch (...) {
		return -EIO;
	}
}

struct boost_channel {
	std::string name;
	std::uint64_t msg_size_bytes;
	bi::message_queue queue;

	boost_channel(
		const char *its_name, std::uint64_t count, std::uint64_t size)
	    : name(its_name), msg_size_bytes(size),
	      queue(bi::create_only, its_name, count, size ? size : 1,
		      bi::permissions(0600))
	{
	}
};

struct boost_endpoint {
	bi::message_queue queue;

	explicit boost_endpoint(const std::string &name)
	    : queue(bi::open_only, name.c_str())
	{
	}
};

boost_endpoint *endpoint_of(struct endpoint *base)
{
	return reinterpret_cast<boost_endpoint *>(base);
}

boost_channel *channel_of(struct channel *base)
{
	return reinterpret_cast<boost_channel *>(base);
}

/* When a wait that starts now ends; its own forever for what is longer than a
 * year. */
pt::ptime deadline_of(std::uint64_t timeout_ns)
{
	const std::uint64_t year_us = UINT64_C(31556952000000);
	std::uint64_t us = timeout_ns / 1000 + 1;

	if (us > year_us)
		return pt::ptime(pt::pos_infin);
	return pt::microsec_clock::universal_time() +
	       pt::microseconds(static_cast<std::int64_t>(us));
}

int boost_create(
	const struct channel_config *config, struct channel **ret_channel)
{
	return guarded([&] {
		std::uint64_t size = config->msg_size_bytes;
		std::uint64_t count =
			capacity_choose(config) / (size ? size : 1);

		*ret_channel =
			reinterpret_cast<struct channel *>(new boost_channel(
				config->name, count ? count : 1, size));
		return 0;
	});
}

int boost_attach(struct channel *base, enum endpoint_role, unsigned,
	struct endpoint **ret_endpoint)
{
	return guarded([&] {
		*ret_endpoint = reinterpret_cast<struct endpoint *>(
			new boost_endpoint(channel_of(base)->name));
		return 0;
	});
}

int boost_send(struct endpoint *base, const struct outbound *message,
	std::uint64_t timeout_ns)
{
	return guarded([&] {
		bi::message_queue &queue = endpoint_of(base)->queue;

		if (queue.try_send(message->data, message->len, 0))
			return 0;
		if (!timeout_ns)
			return -EAGAIN;
		return queue.timed_send(message->data, message->len, 0,
			       deadline_of(timeout_ns))
			       ? 0
			       : -ETIMEDOUT;
	});
}

int boost_recv(struct endpoint *base, struct inbound *message,
	std::uint64_t timeout_ns)
{
	return guarded([&] {
		bi::message_queue &queue = endpoint_of(base)->queue;
		bi::message_queue::size_type len = 0;
		/* it has no messages of at most 0 bytes: those get 1 */
		char spare;
		void *room = message->room_bytes ? message->room : &spare;
		std::size_t room_bytes =
			message->room_bytes ? message->room_bytes : 1;
		unsigned priority;

		if (!queue.try_receive(room, room_bytes, len, priority)) {
			if (!timeout_ns)
				return -EAGAIN;
			if (!queue.timed_receive(room, room_bytes, len,
				    priority, deadline_of(timeout_ns)))
				return -ETIMEDOUT;
		}
		message->data = message->room;
		message->len = len;
		return 0;
	});
}

void boost_detach(struct endpoint *base)
{
	delete endpoint_of(base);
}

void boost_destroy(struct channel *base)
{
	boost_channel *channel = channel_of(base);

	if (!channel)
		return;
	bi::message_queue::remove(channel->name.c_str());
	delete channel;
}

constexpr struct transport make_transport()
{
	struct transport made = {};

	made.name = BOOST_MQ_NAME;
	made.summary = BOOST_MQ_SUMMARY;
	made.caps = BOOST_MQ_CAPS;
	made.create = boost_create;
	made.attach = boost_attach;
	made.send = boost_send;
	made.recv = boost_recv;
	made.detach = boost_detach;
	made.destroy = boost_destroy;
	return made;
}

} // namespace

/* list.h gives it its C linkage. */
extern const struct transport transport_boost_mq = make_transport();
