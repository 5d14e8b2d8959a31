// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * churn: opens, accepts and closes TCP connections on loopback as fast as possible, for a given time or a given number
 * of connections, then prints their number in one line of JSON.
 *
 * Each worker is client and server at once: the worker connects to a listener of its own and accepts the connection
 * that it has just opened, so nothing waits for another thread. An orderly close leaves a TIME_WAIT; a TIME_WAIT on the
 * client's side bars its port for that listener for a while. So each worker has many listeners, each on an address of
 * its own, and goes round them; and every other connection is closed by the server first.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	MAX_THREADS = 256,
	MAX_LISTENERS = 256,
	CHUNK = 16384, /* fits into any socket's buffers, so that one thread can serve both ends */
	BACKLOG = 16,
	DEFAULT_SECONDS = 10,
	LOOPBACK_NET = 127,
};

#define MAX_SECONDS     3600ULL
#define MAX_CONNECTIONS 1000000000ULL
#define MAX_BYTES       (1ULL << 30)

struct settings {
	unsigned long long seconds;
	unsigned long long connections; /* in total; 0: until the time is over */
	unsigned long long bytes;       /* each way */
	unsigned int threads;
	unsigned int listeners; /* of each thread */
	in_addr_t first;        /* host order */
	in_port_t port;         /* host order; 0: the kernel's choice */
	bool reset;
};

struct listening_socket {
	int fd;
	struct sockaddr_in address;
};

struct worker {
	pthread_t thread;
	const struct settings *settings;
	struct listening_socket listeners[MAX_LISTENERS];
	unsigned int next; /* index of the next listener */
	unsigned long long quota;
	unsigned long long opened;
	unsigned long long retried; /* connect() calls that found no free port and went on to the next listener */
};

static atomic_bool time_is_over;

static void fail(const char *what)
{
	fprintf(stderr, "churn: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static double now_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- one connection ---- */

static void open_listener(struct listening_socket *listener, in_addr_t address, in_port_t port)
{
	socklen_t size = sizeof(listener->address);
	int on = 1;

	listener->address = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(address),
		.sin_port = htons(port),
	};
	listener->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener->fd < 0)
		fail("socket");
	/* a fixed port may still be in TIME_WAIT since the run before */
	if (port && setsockopt(listener->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)))
		fail("SO_REUSEADDR");
	if (bind(listener->fd, (struct sockaddr *)&listener->address, size))
		fail("bind");
	if (listen(listener->fd, BACKLOG))
		fail("listen");
	if (getsockname(listener->fd, (struct sockaddr *)&listener->address, &size))
		fail("getsockname");
}

static struct listening_socket *next_listener(struct worker *worker)
{
	struct listening_socket *listener = &worker->listeners[worker->next];

	worker->next = (worker->next + 1) % worker->settings->listeners;
	return listener;
}

/* Returns a connected client, and in `listener` the listener that the client connected to. */
static int open_client(struct worker *worker, struct listening_socket **listener)
{
	const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	for (unsigned int tries = 0; tries < worker->settings->listeners; tries++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (fd < 0)
			fail("socket");
		if (worker->settings->reset && setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)))
			fail("SO_LINGER");
		*listener = next_listener(worker);
		if (!connect(fd, (struct sockaddr *)&(*listener)->address, sizeof((*listener)->address)))
			return fd;
		if (errno != EADDRNOTAVAIL)
			fail("connect");
		close(fd);
		worker->retried++;
	}
	errno = EADDRNOTAVAIL;
	fail("connect, to each listener in turn");
	return -1;
}

static void pass_chunk(int from, int to, size_t size)
{
	static _Thread_local char chunk[CHUNK];

	if (send(from, chunk, size, MSG_NOSIGNAL) != (ssize_t)size)
		fail("send");
	if (recv(to, chunk, size, MSG_WAITALL) != (ssize_t)size)
		fail("recv");
}

static void exchange_bytes(int client, int server, unsigned long long bytes)
{
	while (bytes) {
		size_t size = bytes < CHUNK ? bytes : CHUNK;

		pass_chunk(client, server, size);
		pass_chunk(server, client, size);
		bytes -= size;
	}
}

static void make_connection(struct worker *worker)
{
	bool server_first = !worker->settings->reset && worker->opened % 2;
	struct listening_socket *listener;
	int client, server;

	client = open_client(worker, &listener);
	server = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
	if (server < 0)
		fail("accept");
	exchange_bytes(client, server, worker->settings->bytes);
	close(server_first ? server : client);
	close(server_first ? client : server);
	worker->opened++;
}

/* ---- many connections ---- */

static bool has_more(const struct worker *worker)
{
	if (worker->settings->connections)
		return worker->opened < worker->quota;
	return !atomic_load_explicit(&time_is_over, memory_order_relaxed);
}

static void *make_connections(void *context)
{
	struct worker *worker = context;

	while (has_more(worker))
		make_connection(worker);
	return NULL;
}

static struct worker *prepare_workers(const struct settings *settings)
{
	struct worker *workers = calloc(settings->threads, sizeof(*workers));
	in_addr_t address = settings->first;

	if (!workers)
		fail("memory");
	for (unsigned int i = 0; i < settings->threads; i++) {
		struct worker *worker = &workers[i];

		worker->settings = settings;
		worker->quota = settings->connections / settings->threads;
		worker->quota += i < settings->connections % settings->threads;
		for (unsigned int j = 0; j < settings->listeners; j++)
			open_listener(&worker->listeners[j], address++, settings->port);
	}
	return workers;
}

static void run_workers(struct worker *workers, const struct settings *settings)
{
	for (unsigned int i = 0; i < settings->threads; i++) {
		errno = pthread_create(&workers[i].thread, NULL, make_connections, &workers[i]);
		if (errno)
			fail("pthread_create");
	}
	if (!settings->connections) {
		sleep((unsigned int)settings->seconds);
		atomic_store(&time_is_over, true);
	}
	for (unsigned int i = 0; i < settings->threads; i++)
		pthread_join(workers[i].thread, NULL);
}

static void on_alarm(int signal_number)
{
	static const char message[] = "churn: took far too long; something hangs\n";

	(void)signal_number;
	(void)!write(STDERR_FILENO, message, sizeof(message) - 1);
	_exit(EXIT_FAILURE);
}

/* Ends the program when anything hangs. Even with a slow tracer beside the program, some thousand connections a second
 * are made. */
static void bound_the_run(const struct settings *settings)
{
	unsigned long long expected = settings->connections ? settings->connections / 1000 : settings->seconds;

	signal(SIGALRM, on_alarm);
	alarm((unsigned int)expected + 90);
}

static void print_report(const struct worker *workers, const struct settings *settings, double seconds)
{
	unsigned long long opened = 0, retried = 0;

	for (unsigned int i = 0; i < settings->threads; i++) {
		opened += workers[i].opened;
		retried += workers[i].retried;
	}
	printf("{\"connections\":%llu,\"seconds\":%.6f,\"per_second\":%.1f,\"errors\":%llu,\"listeners\":%u}\n", opened,
	       seconds, (double)opened / seconds, retried, settings->threads * settings->listeners);
}

/* ---- options ---- */

static void print_usage(FILE *to)
{
	fputs("usage: churn [--seconds S | --connections N] [--reset] [--threads T] [--listeners L]\n"
	      "             [--bytes B] [--address A] [--port P]\n"
	      "\n"
	      "  --seconds S      run this long (default 10)\n"
	      "  --connections N  make exactly this many, over all threads\n"
	      "  --reset          the client closes with a reset; default: an orderly close, client and server first by turns\n"
	      "  --threads T      workers (default: one for each CPU)\n"
	      "  --listeners L    of each worker, each on an address of its own (default 16)\n"
	      "  --bytes B        payload each way (default 0)\n"
	      "  --address A      of the first listener, in 127.0.0.0/8 (default 127.0.0.1); the others follow it\n"
	      "  --port P         of all listeners (default: the kernel's choice)\n",
	      to);
}

static void refuse_option(const char *option, const char *value)
{
	fprintf(stderr, "churn: --%s: \"%s\" is not usable\n", option, value);
	exit(2);
}

static unsigned long long parse_number(const char *option, const char *text, unsigned long long min,
				       unsigned long long max)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	/* strtoull takes signs and blanks too */
	if (text[0] < '0' || text[0] > '9' || *end || errno || value < min || value > max)
		refuse_option(option, text);
	return value;
}

static in_addr_t parse_loopback(const char *option, const char *text)
{
	struct in_addr address;

	if (inet_pton(AF_INET, text, &address) != 1 || ntohl(address.s_addr) >> 24 != LOOPBACK_NET)
		refuse_option(option, text);
	return ntohl(address.s_addr);
}

static unsigned int default_threads(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	return cpus < 1 ? 1 : cpus > MAX_THREADS ? MAX_THREADS : (unsigned int)cpus;
}

static void take_option(struct settings *settings, int option, const char *name, const char *value)
{
	switch (option) {
	case 's':
		settings->seconds = parse_number(name, value, 1, MAX_SECONDS);
		break;
	case 'n':
		settings->connections = parse_number(name, value, 1, MAX_CONNECTIONS);
		break;
	case 'r':
		settings->reset = true;
		break;
	case 't':
		settings->threads = (unsigned int)parse_number(name, value, 1, MAX_THREADS);
		break;
	case 'l':
		settings->listeners = (unsigned int)parse_number(name, value, 1, MAX_LISTENERS);
		break;
	case 'b':
		settings->bytes = parse_number(name, value, 0, MAX_BYTES);
		break;
	case 'a':
		settings->first = parse_loopback(name, value);
		break;
	case 'p':
		settings->port = (in_port_t)parse_number(name, value, 1, 65535);
		break;
	case 'h':
		print_usage(stdout);
		exit(EXIT_SUCCESS);
	default:
		print_usage(stderr);
		exit(2);
	}
}

static void check_settings(struct settings *settings)
{
	if (settings->seconds && settings->connections) {
		fputs("churn: --seconds or --connections, not both\n", stderr);
		exit(2);
	}
	if (!settings->seconds)
		settings->seconds = DEFAULT_SECONDS;
	if ((settings->first + settings->threads * settings->listeners) >> 24 != LOOPBACK_NET) {
		fputs("churn: so many listeners after --address leave 127.0.0.0/8\n", stderr);
		exit(2);
	}
}

static void parse_options(int argc, char **argv, struct settings *settings)
{
	static const struct option options[] = {
		{"seconds", required_argument, NULL, 's'},
		{"connections", required_argument, NULL, 'n'},
		{"reset", no_argument, NULL, 'r'},
		{"threads", required_argument, NULL, 't'},
		{"listeners", required_argument, NULL, 'l'},
		{"bytes", required_argument, NULL, 'b'},
		{"address", required_argument, NULL, 'a'},
		{"port", required_argument, NULL, 'p'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option, at = 0;

	while ((option = getopt_long(argc, argv, "", options, &at)) != -1)
		take_option(settings, option, options[at].name, optarg);
	if (optind < argc) {
		fprintf(stderr, "churn: \"%s\" is not an option\n", argv[optind]);
		exit(2);
	}
	check_settings(settings);
}

int main(int argc, char **argv)
{
	struct settings settings = {.threads = default_threads(), .listeners = 16, .first = INADDR_LOOPBACK};
	struct worker *workers;
	double start;

	parse_options(argc, argv, &settings);
	bound_the_run(&settings);
	workers = prepare_workers(&settings);
	start = now_seconds();
	run_workers(workers, &settings);
	print_report(workers, &settings, now_seconds() - start);
	free(workers);
	return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
