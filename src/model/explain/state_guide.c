// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The facts are those of Linux 5.8 to 6.18: net/ipv4/tcp*.c, inet_connection_sock.c, inet_timewait_sock.c, and
 * Documentation/networking/ip-sysctl.rst.
 */
#include "state_guide.h"

static const struct setting_guide settings[SETTING_COUNT] = {
	[SETTING_TCP_KEEPALIVE_TIME] =
		{"net.ipv4.tcp_keepalive_time",
		 "seconds of silence before the first probe, where the program set SO_KEEPALIVE"},
	[SETTING_TCP_KEEPALIVE_INTVL] = {"net.ipv4.tcp_keepalive_intvl", "seconds between two probes"},
	[SETTING_TCP_KEEPALIVE_PROBES] = {"net.ipv4.tcp_keepalive_probes",
					  "probes without an answer before the connection is dropped"},
	[SETTING_TCP_RETRIES2] = {"net.ipv4.tcp_retries2",
				  "how often data is sent again before the kernel gives up: 15 take some 15 min"},
	[SETTING_TCP_SYN_RETRIES] = {"net.ipv4.tcp_syn_retries", "how often a SYN is sent again"},
	[SETTING_TCP_SYN_LINEAR_TIMEOUTS] =
		{"net.ipv4.tcp_syn_linear_timeouts",
		 "how many tries there are beyond those, at first, one each second (Linux 6.5 or later)"},
	[SETTING_TCP_SYNACK_RETRIES] = {"net.ipv4.tcp_synack_retries", "how often a SYN+ACK is sent again"},
	[SETTING_TCP_MAX_SYN_BACKLOG] = {"net.ipv4.tcp_max_syn_backlog",
					 "without SYN cookies, about how many half-open handshakes a listener keeps"},
	[SETTING_SOMAXCONN] = {"net.core.somaxconn",
			       "caps the backlog that a program gives to listen(), at the time of that call"},
	[SETTING_TCP_SYNCOOKIES] =
		{"net.ipv4.tcp_syncookies",
		 "what becomes of SYNs for a listener that has too many half-open handshakes: 1, they are answered, with nothing kept; 0, they are dropped; 2, all SYNs are answered so, at any time (for tests)"},
	[SETTING_TCP_ABORT_ON_OVERFLOW] =
		{"net.ipv4.tcp_abort_on_overflow",
		 "what a client gets that finds the accept queue full: 0, no answer, so that it tries again; 1, a reset"},
	[SETTING_TCP_ORPHAN_RETRIES] =
		{"net.ipv4.tcp_orphan_retries",
		 "how often the FIN of a closed socket is sent again; 0 stands for 8, which take 100 s or more"},
	[SETTING_TCP_MAX_ORPHANS] = {"net.ipv4.tcp_max_orphans",
				     "how many sockets without a process the whole host keeps; further ones are reset"},
	[SETTING_TCP_FIN_TIMEOUT] = {"net.ipv4.tcp_fin_timeout",
				     "seconds that FIN_WAIT2 lasts where no process holds the socket"},
	[SETTING_TCP_MAX_TW_BUCKETS] = {"net.ipv4.tcp_max_tw_buckets",
					"how many minisockets there may be, in TIME_WAIT and FIN_WAIT2 together"},
	[SETTING_TCP_TW_REUSE] =
		{"net.ipv4.tcp_tw_reuse",
		 "whether connect() may take over a port in TIME_WAIT: 0, no; 1, yes; 2, on loopback only"},
	[SETTING_IP_LOCAL_PORT_RANGE] = {"net.ipv4.ip_local_port_range", "the ports that connect() chooses from"},
};

static const struct state_guide established = {
	.brief = "the connection is open in both directions",
	.meaning =
		"The handshake is done, nobody has closed, and data may flow both ways. That says nothing of whether the peer is still alive: where it went away without a FIN or a reset (power, cable, a firewall that forgot), an idle connection stays ESTABLISHED until something is sent or keepalive asks. A connection that waits in a listener's accept queue is ESTABLISHED too, and no process holds it yet.",
	.enters =
		{
			{STATE_SYN_SENT, "the SYN+ACK arrives; the kernel answers with an ACK, and connect() is done"},
			{STATE_SYN_RECV,
			 "the client's ACK arrives; the kernel puts the connection into the listener's accept queue, whence accept() takes it"},
		},
	.leaves =
		{
			{STATE_FIN_WAIT1,
			 "the process here calls close() or shutdown(SHUT_WR), or ends; the kernel sends a FIN"},
			{STATE_CLOSE_WAIT, "the peer's FIN arrives"},
			{STATE_CLOSE,
			 "a reset arrives (ECONNRESET); or data or keepalive probes stay without an answer until the kernel gives up (ETIMEDOUT); or the process here aborts: SO_LINGER with 0, or close() while there is unread data, which sends a reset"},
		},
	.many = "By itself nothing is wrong: it is how many connections are in use. More than the traffic explains are pools that never shrink, clients that idle without a time limit, or peers that are gone. Each costs a descriptor and memory, most where its queues are full: a Recv-Q that stays means that the process here does not read, a Send-Q that stays that the peer or the network does not take.",
	.remedies =
		{
			"See whose they are and how full the queues are: `tcpledger list -tnpo state established`",
			"Idle ones: give the program a time limit for idle connections, and its pool a size",
			"Dead peers: have the program set SO_KEEPALIVE (the settings below apply to such sockets only) or TCP_USER_TIMEOUT",
			"Compare with the process's limit of descriptors: `prlimit --nofile --pid PID`",
		},
	.settings = {SETTING_TCP_KEEPALIVE_TIME, SETTING_TCP_KEEPALIVE_INTVL, SETTING_TCP_KEEPALIVE_PROBES,
		     SETTING_TCP_RETRIES2},
};

static const struct state_guide syn_sent = {
	.brief = "connect() was called here, and no answer has come yet",
	.meaning =
		"A process here has called connect(): the SYN is out, and nothing has come back. On a path that works this lasts one round trip, so what can be seen in this state at any time hangs. A host on which nobody listens would have answered with a reset: silence is a lost packet.",
	.enters =
		{
			{STATE_CLOSE, "the process calls connect(); the kernel chooses a local port and sends the SYN"},
		},
	.leaves =
		{
			{STATE_ESTABLISHED, "the SYN+ACK arrives"},
			{STATE_CLOSE,
			 "a reset arrives (ECONNREFUSED: nobody listens there, or a firewall rejects), or an ICMP error (EHOSTUNREACH, ENETUNREACH); or the SYN was sent again tcp_syn_retries times in vain (ETIMEDOUT; 6 take about 2 min); or the process closes the socket because its own time limit is over"},
			{STATE_SYN_RECV, "a SYN arrives instead of a SYN+ACK: both ends connect to each other at once"},
		},
	.many = "The destination does not answer: a firewall drops the SYNs or the answers, the host is down, the way back is missing, or the listener there has a full accept queue, which Linux answers with silence. All to one destination: look there. To many: look at this host's own route, firewall, NAT or conntrack table.",
	.remedies =
		{
			"See where they go below, and how often each has tried: `tcpledger list -tnpo state syn-sent`",
			"See how each ends, and after how long: `tcpledger trace --state SYN_SENT`",
			"On the destination ask `tcpledger explain LISTEN`: is the accept queue full?",
			"Give the program a time limit of its own for connecting; the kernel's is that of tcp_syn_retries",
		},
	.settings = {SETTING_TCP_SYN_RETRIES, SETTING_TCP_SYN_LINEAR_TIMEOUTS, SETTING_IP_LOCAL_PORT_RANGE},
};

static const struct state_guide syn_recv = {
	.brief = "half-open: a client's SYN was answered, its ACK has not come yet",
	.meaning =
		"A SYN came for a listener, the kernel answered with SYN+ACK, and waits for the ACK that ends the handshake. Until then it keeps a small request socket that belongs to the listener: no process has it, and accept() does not return it. It lasts one round trip.",
	.enters =
		{
			{STATE_LISTEN, "a SYN arrives for a listener; the kernel answers with SYN+ACK"},
			{STATE_SYN_SENT, "a SYN arrives for a socket that connects: both ends connect at once"},
		},
	.leaves =
		{
			{STATE_ESTABLISHED,
			 "the client's ACK arrives, and the accept queue has room; if it has none, the ACK is dropped and the request stays"},
			{STATE_CLOSE,
			 "a reset arrives; or the SYN+ACK was sent again tcp_synack_retries times in vain (5 take 63 s); or the listener is closed"},
			{STATE_FIN_WAIT1,
			 "the socket is closed here before the handshake is done (Fast Open, simultaneous open)"},
			{STATE_CLOSE_WAIT, "the peer's FIN comes along with its ACK"},
		},
	.many = "Either a SYN flood (many sources, each with few, mostly forged), or the clients' side of the path is broken: they do not get the SYN+ACK, or their ACK does not come here (asymmetric routes, a firewall that has seen one direction only). Or the accept queue is full: then the ACK comes, and is dropped.",
	.remedies =
		{
			"See below which listener and which clients: few clients are a path, very many are a flood",
			"Look whether the listener's accept queue is full: `tcpledger explain LISTEN`",
			"Flood: tcp_syncookies must not be 0; filter the sources before this host",
			"Bursts of real clients: a greater backlog in the program's listen(), and somaxconn with it; the listener's limit is also that of its half-open handshakes",
		},
	.settings = {SETTING_TCP_SYNACK_RETRIES, SETTING_TCP_MAX_SYN_BACKLOG, SETTING_SOMAXCONN, SETTING_TCP_SYNCOOKIES,
		     SETTING_TCP_ABORT_ON_OVERFLOW},
};

static const struct state_guide fin_wait1 = {
	.brief = "closed here first; the peer has not acknowledged our FIN yet",
	.meaning =
		"This side has closed first. The FIN is out, or waits behind data that is not sent yet, and the peer has not acknowledged it. That lasts one round trip where the peer takes the data. After close() no process holds the socket any more (it is an orphan): the kernel finishes alone.",
	.enters =
		{
			{STATE_ESTABLISHED, "the process here calls close() or shutdown(SHUT_WR), or ends"},
			{STATE_SYN_RECV, "the same, before the handshake is done"},
		},
	.leaves =
		{
			{STATE_FIN_WAIT2, "the peer's ACK for the FIN arrives"},
			{STATE_TIME_WAIT, "the peer's ACK and its own FIN arrive in one packet"},
			{STATE_CLOSING, "the peer's FIN arrives before its ACK for ours: both have closed at once"},
			{STATE_CLOSE,
			 "a reset arrives; or the kernel gives up: for an orphan after tcp_orphan_retries, else after tcp_retries2; or there are more orphans than tcp_max_orphans or than memory allows"},
		},
	.many = "The peers do not acknowledge: they are gone, the path drops packets, or they do not take the data that is before the FIN (a closed window: a slow reader, or one that does so on purpose). Each orphan keeps its unsent data in the kernel's memory.",
	.remedies =
		{
			"See the timers: `tcpledger list -tno state fin-wait-1`; `on` with a high count is a peer that does not answer, `persist` is one whose window is closed",
			"See below which peers; all behind one network point to the path",
			"Where orphans eat the memory, lower tcp_orphan_retries (2 or 3): they are dropped sooner",
			"A program can limit it for its own sockets with TCP_USER_TIMEOUT",
		},
	.settings = {SETTING_TCP_ORPHAN_RETRIES, SETTING_TCP_MAX_ORPHANS, SETTING_TCP_RETRIES2},
};

static const struct state_guide fin_wait2 = {
	.brief = "closed here first and acknowledged; the peer has not closed yet",
	.meaning =
		"This side has closed first, the peer has acknowledged that, and now it is the peer's turn to close. After close() nobody holds the socket here, and the kernel waits tcp_fin_timeout for the peer's FIN, with a minisocket in the place of the socket. After shutdown(SHUT_WR) alone the process still holds it and may read, without any limit of time.",
	.enters =
		{
			{STATE_FIN_WAIT1, "the peer's ACK for our FIN arrives"},
		},
	.leaves =
		{
			{STATE_TIME_WAIT, "the peer's FIN arrives: its application has closed, too"},
			{STATE_CLOSE,
			 "without a process: tcp_fin_timeout is over, or data arrives that nobody can read any more, which the kernel answers with a reset; in any case: a reset arrives"},
		},
	.many = "The peers' applications are slow to close: each of these is in CLOSE_WAIT over there. Those without a process go by themselves after tcp_fin_timeout. Those that a process here holds stay as long as it does: it has called shutdown() and waits for an end that does not come.",
	.remedies =
		{
			"See which are held: `tcpledger list -tnpo state fin-wait-2`; those without a process show the timer `timewait`",
			"On the peers ask `tcpledger explain CLOSE_WAIT`: their application has to close",
			"Held ones: the program needs a time limit for reading after shutdown()",
			"Without a process, and too many: lower tcp_fin_timeout",
		},
	.settings = {SETTING_TCP_FIN_TIMEOUT, SETTING_TCP_MAX_ORPHANS, SETTING_TCP_MAX_TW_BUCKETS},
};

static const struct state_guide time_wait = {
	.brief = "over, closed here first; remembered for 60 s so that nothing of it disturbs a later one",
	.meaning =
		"The connection is over, and this side closed it first. For 60 s (TCP_TIMEWAIT_LEN, fixed when the kernel is built) the kernel remembers its addresses and ports: to acknowledge the peer's FIN once more if our ACK was lost, and to keep late segments out of a new connection between the same ports. It is a minisocket of some 250 bytes without a process, a descriptor or buffers.",
	.enters =
		{
			{STATE_FIN_WAIT2, "the peer's FIN arrives; the kernel acknowledges it"},
			{STATE_FIN_WAIT1, "the peer's FIN arrives together with its ACK for ours"},
			{STATE_CLOSING, "the peer's ACK for our FIN arrives"},
		},
	.leaves =
		{
			{STATE_CLOSE,
			 "60 s are over (a FIN that comes again begins them anew); or a reset arrives; or there are more than tcp_max_tw_buckets, when it is not even kept"},
			{STATE_SYN_RECV,
			 "a SYN of the same client with a higher sequence number or time stamp arrives for a listener: the ports are taken over"},
			{STATE_SYN_SENT,
			 "connect() here takes the ports over, where tcp_tw_reuse allows it and both sides use time stamps"},
		},
	.many = "Normal on the side that closes first: 100 closes a second make 6000 of them, at about 1.5 MB. It hurts in two cases. A client that opens very many short connections to one destination runs out of local ports (connect() fails with EADDRNOTAVAIL): the number of ports in ip_local_port_range, divided by 60, is the most it can open per second. And a server that is started again cannot bind() its port unless it sets SO_REUSEADDR, as nearly all do.",
	.remedies =
		{
			"Keep connections open: HTTP keep-alive, a pool. Or let the peer close first: then it has them",
			"Clients that run out of ports: tcp_tw_reuse=1, a wider ip_local_port_range, or more addresses",
			"A server that cannot bind: `tcpledger explain PORT` says how long it takes, and whether SO_REUSEADDR helps",
			"Leave tcp_fin_timeout alone: it concerns FIN_WAIT2. tcp_tw_recycle broke clients behind NAT, and is gone since Linux 4.12",
		},
	.settings = {SETTING_TCP_TW_REUSE, SETTING_TCP_MAX_TW_BUCKETS, SETTING_IP_LOCAL_PORT_RANGE},
};

static const struct state_guide closed = {
	.brief = "no connection: not connected yet, or not any more",
	.meaning =
		"The socket exists, but is neither connected nor listening: it is new, or only bound, or its connection is over and a process still holds the descriptor. ss calls it UNCONN. The kernel lists no such TCP sockets, but for those that are bound (on request, since Linux 6.8): the number below is of these only. For UDP and raw sockets this is the normal state, of all that did not call connect().",
	.enters =
		{
			{STATE_UNKNOWN, "socket() makes it"},
			{STATE_LAST_ACK, "the peer acknowledges our FIN"},
			{STATE_ESTABLISHED,
			 "a reset, or no answer until the kernel gives up; also from all other states"},
			{STATE_TIME_WAIT, "its 60 s are over"},
			{STATE_LISTEN, "the listener is closed"},
		},
	.leaves =
		{
			{STATE_SYN_SENT, "the process calls connect()"},
			{STATE_LISTEN, "the process calls listen()"},
			{STATE_UNKNOWN, "the process calls close(), or ends: the socket is gone"},
		},
	.many = "A process that keeps sockets whose connections have failed leaks descriptors: they show up in /proc/PID/fd and in no list of connections. One that is bound and not used keeps its port from others.",
	.remedies =
		{
			"See which connections end, whose, and why: `tcpledger trace --state CLOSE`",
			"Compare what a process holds, `ls -l /proc/PID/fd`, with what is connected: `tcpledger list -tanp pid PID`",
			"A port that is bound and not used: `tcpledger explain PORT`",
		},
};

static const struct state_guide close_wait = {
	.brief = "the peer has closed; the application here has not closed its end yet",
	.meaning =
		"The peer has closed its end: its FIN came, the kernel acknowledged it, and recv() here returns 0 once all data is read. Now the application here has to close its own end. No timer and no setting does it in its place.",
	.enters =
		{
			{STATE_ESTABLISHED, "the peer's FIN arrives: it called close() or shutdown(SHUT_WR), or ended"},
			{STATE_SYN_RECV, "the peer's FIN comes along with the ACK that ends the handshake"},
		},
	.leaves =
		{
			{STATE_LAST_ACK,
			 "the process here calls close() or shutdown(SHUT_WR), or ends; the kernel sends our FIN"},
			{STATE_CLOSE,
			 "a reset arrives, mostly as the answer to data that is still sent to a peer that has closed; or the process here aborts: close() with unread data"},
		},
	.many = "The cause is the local application, not the network and not the peer. It does not close a socket whose end it has read: a leak, whose number only grows until the descriptors run out (EMFILE). Or it does not get to read at all: it is blocked or overloaded. Or, rarely and rightly, it still sends to a peer that has shut down its own direction only. Those that nobody holds wait in an accept queue: the client gave up before accept() was called.",
	.remedies =
		{
			"See below who holds them: that program has to call close() when recv() returns 0",
			"Tell the leak from the blockade: `tcpledger list -tnp state close-wait`; Recv-Q 0: the end was read and the socket forgotten; more than 0: the process has not read up to the end (the FIN counts as 1)",
			"A process that does nothing: look where it stands, `cat /proc/PID/stack` or `gdb -p PID`",
			"For the moment a restart of that process frees them; keepalive does not, as long as the peer's kernel answers",
		},
	.settings = {SETTING_TCP_KEEPALIVE_TIME},
};

static const struct state_guide last_ack = {
	.brief = "the peer closed first, then we; our FIN is not acknowledged yet",
	.meaning =
		"The peer closed first, then the application here did: our FIN is out, or waits behind unsent data, and its ACK is the last thing that is missing. That lasts one round trip. After close() no process holds the socket; the kernel finishes alone.",
	.enters =
		{
			{STATE_CLOSE_WAIT, "the process here calls close() or shutdown(SHUT_WR), or ends"},
		},
	.leaves =
		{
			{STATE_CLOSE,
			 "the peer's ACK arrives; or a reset, which a peer that has forgotten the connection sends; or the kernel gives up: for an orphan after tcp_orphan_retries, else after tcp_retries2"},
		},
	.many = "The peers are gone after their FIN, or something between drops ours: a NAT or a firewall that forgets a connection once it has seen the first FIN, a client that switched networks. Or the peer does not take the data before our FIN.",
	.remedies =
		{
			"See the timers, how often the FIN was sent, and to whom: `tcpledger list -tno state last-ack`",
			"All behind one network: look at the firewalls and NATs on the way there",
			"They go by themselves; where too many pile up, lower tcp_orphan_retries",
		},
	.settings = {SETTING_TCP_ORPHAN_RETRIES, SETTING_TCP_MAX_ORPHANS, SETTING_TCP_RETRIES2},
};

static const struct state_guide listening = {
	.brief = "waits for connections",
	.meaning =
		"A process waits for connections to a local address and port. The kernel does the handshakes by itself and puts what is ready into the accept queue, whence accept() takes it: Recv-Q is how many wait there, Send-Q the backlog given to listen(), at most somaxconn. It is full once one more than that waits.",
	.enters =
		{
			{STATE_CLOSE, "the process calls listen()"},
		},
	.leaves =
		{
			{STATE_CLOSE,
			 "the process calls close() or shutdown(), or ends; connections that still wait for accept() are reset"},
		},
	.many = "The number of listeners says little; their accept queues say all. With a full queue the kernel drops SYNs and the last ACKs of handshakes: clients see connects that take 1 or 3 s or time out, while the server looks idle. A queue that fills is a process that calls accept() too seldom: busy, blocked, or out of descriptors.",
	.remedies =
		{
			"Queue full: first the process (one thread for all? `Too many open files`?), then the backlog: in the program's own configuration and in somaxconn, and restart it",
			"Was it full before now? `nstat -az TcpExtListenOverflows TcpExtListenDrops` counts since boot",
			"See all listeners and who they are: `tcpledger list -tlnp`; 0.0.0.0, [::] and * take connections from anywhere, 127.0.0.1 from this host only",
			"One port in detail: `tcpledger explain PORT`",
		},
	.settings = {SETTING_SOMAXCONN, SETTING_TCP_MAX_SYN_BACKLOG, SETTING_TCP_SYNCOOKIES,
		     SETTING_TCP_ABORT_ON_OVERFLOW},
};

static const struct state_guide closing = {
	.brief = "both sides closed at the same time; our FIN is not acknowledged yet",
	.meaning =
		"Both sides have closed at the same time: the peer's FIN came before its ACK for ours, which is all that is missing. That is rare, and lasts less than one round trip.",
	.enters =
		{
			{STATE_FIN_WAIT1, "the peer's FIN arrives, and does not acknowledge ours"},
		},
	.leaves =
		{
			{STATE_TIME_WAIT, "the peer's ACK for our FIN arrives"},
			{STATE_CLOSE,
			 "a reset arrives; or the kernel gives up: for an orphan after tcp_orphan_retries, else after tcp_retries2"},
		},
	.many = "Some at times mean nothing. Many that stay are peers that vanished right after their FIN, or a path that loses our FINs or their ACKs.",
	.remedies =
		{
			"See the timers and the peers: `tcpledger list -tno state closing`",
			"They go by themselves; where too many pile up, lower tcp_orphan_retries",
		},
	.settings = {SETTING_TCP_ORPHAN_RETRIES, SETTING_TCP_MAX_ORPHANS, SETTING_TCP_RETRIES2},
};

static const struct state_guide *const guides[STATE_COUNT] = {
	[STATE_ESTABLISHED] = &established,
	[STATE_SYN_SENT] = &syn_sent,
	[STATE_SYN_RECV] = &syn_recv,
	[STATE_FIN_WAIT1] = &fin_wait1,
	[STATE_FIN_WAIT2] = &fin_wait2,
	[STATE_TIME_WAIT] = &time_wait,
	[STATE_CLOSE] = &closed,
	[STATE_CLOSE_WAIT] = &close_wait,
	[STATE_LAST_ACK] = &last_ack,
	[STATE_LISTEN] = &listening,
	[STATE_CLOSING] = &closing,
};

const struct state_guide *state_guide(unsigned int state)
{
	return guides[state];
}

const struct setting_guide *setting_guide(enum setting setting)
{
	return &settings[setting];
}

bool setting_is_of_host(enum setting setting)
{
	return setting == SETTING_TCP_MAX_ORPHANS;
}
