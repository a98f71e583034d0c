/*
 * main.c - dynamo-gateway: DynamoDB's HTTP protocol in front of a database.
 *
 * One process, one thread, one event loop.  SIGTERM and SIGINT finish what is
 * under way, SIGHUP reads the settings again.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <event2/event.h>

#include "config.h"
#include "http.h"
#include "log.h"
#include "pool.h"
#include "util.h"

static struct event_base *base;
static struct event *drain_timer;
static int64_t drain_started;
static bool abandoned;

/* End when everything has been answered, or it takes too long. */
static void
on_drain_timer(evutil_socket_t fd, short events, void *arg)
{
	bool		late = now_us() - drain_started > (int64_t) config.shutdown_timeout * 1000000;

	(void) fd;
	(void) events;
	(void) arg;
	if (http_active() > 0 && !late)
		return;
	if (http_active() > 0 && !abandoned)
	{
		log_write(LOG_WARN, "requests were not finished in time", "requests:d",
				  (long) http_active());
		pool_abandon();
		abandoned = true;
		return;					/* until the next tick, for the responses */
	}
	event_base_loopbreak(base);
}

static void
on_terminate(evutil_socket_t signal, short events, void *arg)
{
	struct timeval tick = {0, 20000};

	(void) events;
	(void) arg;
	if (drain_timer != NULL)
		return;
	log_write(LOG_INFO, "shutting down", "signal:d requests:d", (long) signal,
			  (long) http_active());
	drain_started = now_us();
	http_drain();
	drain_timer = event_new(base, -1, EV_PERSIST, on_drain_timer, NULL);
	event_add(drain_timer, &tick);
}

static void
on_reload(evutil_socket_t signal, short events, void *arg)
{
	const char *kept;
	char	   *error = NULL;

	(void) signal;
	(void) events;
	(void) arg;
	if (!config_reload(&kept, &error))
	{
		log_write(LOG_ERROR, "the settings were not read again", "error:s", error);
		free(error);
		return;
	}
	if (kept != NULL)
		log_write(LOG_WARN, "a setting needs a restart", "setting:s", kept);
	if (!http_reload(&error))
	{
		log_write(LOG_ERROR, "the certificate was not read again", "error:s", error);
		free(error);
	}
	pool_reload();
	log_write(LOG_INFO, "the settings were read again", "");
}

/* Every connection takes a file descriptor: have as many as there may be. */
static void
raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max)
	{
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int
main(int argc, char **argv)
{
	static const struct
	{
		int			number;
		event_callback_fn handler;
	}			handled[] =
	{
		{SIGTERM, on_terminate}, {SIGINT, on_terminate}, {SIGHUP, on_reload}
	};
	struct event *signals[lengthof(handled)];
	struct event_config *options;
	char	   *error = NULL;
	bool		done;

	if (!config_init(argc, argv, &done, &error))
	{
		fprintf(stderr, "dynamo-gateway: %s\n", error);
		free(error);
		return 2;
	}
	if (done)
		return 0;
	signal(SIGPIPE, SIG_IGN);
	raise_file_limit();

	/* Changes of interest in a descriptor are collected: fewer system calls */
	options = event_config_new();
	event_config_set_flag(options, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
	base = event_base_new_with_config(options);
	event_config_free(options);
	for (size_t i = 0; i < lengthof(handled); i++)
	{
		signals[i] = evsignal_new(base, handled[i].number, handled[i].handler, NULL);
		event_add(signals[i], NULL);
	}

	pool_start(base);
	if (!http_start(base, &error))
	{
		log_write(LOG_ERROR, "could not start", "error:s", error);
		free(error);
		return 1;
	}
	event_base_dispatch(base);

	pool_stop();
	http_stop();
	if (drain_timer != NULL)
		event_free(drain_timer);
	for (size_t i = 0; i < lengthof(handled); i++)
		event_free(signals[i]);
	event_base_free(base);
	log_write(LOG_INFO, "stopped", "");
	return 0;
}
