// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "exposed_ports.h"

#include <stdio.h>
#include <string.h>

#include "count_of.h"

#define TCP  (1u << PROTOCOL_TCP)
#define UDP  (1u << PROTOCOL_UDP)
#define BOTH (TCP | UDP)

/* Reasons that several entries have. */
#define CLEAR   "sends passwords in the clear"
#define LOGIN   "often has no login"
#define GUESSED "holds data, and invites guessing of passwords"
#define ROOT    "who reaches it rules the machine"
#define CODE    "who reaches it runs code"
#define AMPLIFY "serves to amplify attacks on others"

static const struct exposed_port ports[] = {
	{21, 21, TCP, NULL, false, "FTP", CLEAR},
	{23, 23, TCP, "telnetd", false, "Telnet", CLEAR},
	{69, 69, UDP, NULL, false, "TFTP", "has no login"},
	{111, 111, BOTH, "rpcbind", false, "rpcbind", "tells what runs here, and " AMPLIFY},
	{135, 135, TCP, NULL, false, "MS-RPC", "is meant for a local network"},
	{137, 138, UDP, "nmbd", false, "NetBIOS", "is meant for a local network"},
	{139, 139, TCP, "smbd", false, "SMB over NetBIOS", "is meant for a local network"},
	{161, 161, BOTH, "snmpd", false, "SNMP", "tells all of the machine to who guesses a word, and " AMPLIFY},
	{389, 389, BOTH, "slapd", false, "LDAP", CLEAR ", and " AMPLIFY},
	{445, 445, TCP, "smbd", false, "SMB", "is meant for a local network"},
	{512, 514, TCP, NULL, false, "rexec, rlogin, rsh", "trusts whoever claims an address"},
	{623, 623, UDP, NULL, false, "IPMI", ROOT},
	{631, 631, BOTH, "cupsd", false, "CUPS", "is meant for a local network"},
	{873, 873, TCP, NULL, false, "rsync", LOGIN ", and sends in the clear"},
	{1099, 1099, TCP, NULL, false, "Java RMI, JMX", CODE},
	{1433, 1433, TCP, "sqlservr", true, "Microsoft SQL Server", GUESSED},
	{1434, 1434, UDP, NULL, false, "Microsoft SQL Server browser", AMPLIFY},
	{1521, 1521, TCP, "tnslsnr", true, "Oracle database", GUESSED},
	{1900, 1900, UDP, NULL, false, "SSDP (UPnP)", "is meant for a local network, and " AMPLIFY},
	{2049, 2049, BOTH, NULL, false, "NFS", "trusts whoever claims an address"},
	{2181, 2181, TCP, NULL, false, "ZooKeeper", LOGIN},
	{2375, 2376, TCP, "dockerd", false, "Docker", ROOT},
	{2377, 2377, TCP, NULL, false, "Docker Swarm", ROOT},
	{2379, 2380, TCP, "etcd", false, "etcd", "holds all secrets of a cluster"},
	{3306, 3306, TCP, "mysqld", true, "MySQL", GUESSED},
	{3306, 3306, TCP, "mariadbd", true, "MariaDB", GUESSED},
	{3389, 3389, BOTH, "xrdp", false, "Remote Desktop", "invites guessing of passwords"},
	{4369, 4369, TCP, "epmd", false, "Erlang port mapper", CODE},
	{4444, 4444, TCP, NULL, false, "Selenium, debuggers", CODE},
	{5005, 5005, TCP, NULL, false, "Java debugger (JDWP)", CODE},
	{5432, 5432, TCP, "postgres", true, "PostgreSQL", GUESSED},
	{5601, 5601, TCP, NULL, false, "Kibana", LOGIN},
	{5672, 5672, TCP, NULL, false, "RabbitMQ (AMQP)", LOGIN " but guest's"},
	{5900, 5909, TCP, NULL, false, "VNC", LOGIN ", or a short password"},
	{5984, 5984, TCP, NULL, false, "CouchDB", GUESSED},
	{5985, 5986, TCP, NULL, false, "WinRM", ROOT},
	{6000, 6009, TCP, "Xorg", false, "X11", "who reaches it sees the screen and types"},
	{6379, 6379, TCP, "redis-server", true, "Redis", "has no login by default, and can be made to run code"},
	{6379, 6379, TCP, "valkey-server", true, "Valkey", "has no login by default, and can be made to run code"},
	{6443, 6443, TCP, "kube-apiserver", false, "Kubernetes", "rules a cluster"},
	{7000, 7001, TCP, NULL, false, "Cassandra, among its nodes", LOGIN},
	{8086, 8086, TCP, "influxd", true, "InfluxDB", LOGIN},
	{8123, 8123, TCP, "clickhouse-server", true, "ClickHouse", "has no login by default"},
	{8500, 8500, TCP, "consul", false, "Consul", CODE},
	{8888, 8888, TCP, NULL, false, "Jupyter", CODE},
	{9042, 9042, TCP, NULL, false, "Cassandra", LOGIN},
	{9090, 9090, TCP, "prometheus", false, "Prometheus", "has no login, and tells of all that it watches"},
	{9092, 9092, TCP, NULL, false, "Kafka", LOGIN},
	{9100, 9100, TCP, "node_exporter", false, "Prometheus's node exporter",
	 "has no login, and tells of the machine"},
	{9200, 9200, TCP, NULL, false, "Elasticsearch", LOGIN},
	{9229, 9229, TCP, NULL, false, "Node.js debugger", CODE},
	{9300, 9300, TCP, NULL, false, "Elasticsearch, among its nodes", LOGIN},
	{10250, 10250, TCP, "kubelet", false, "kubelet", CODE},
	{10255, 10255, TCP, NULL, false, "kubelet, to read", "has no login, and tells of all pods"},
	{11211, 11211, BOTH, "memcached", true, "memcached", "has no login, and " AMPLIFY},
	{15672, 15672, TCP, NULL, false, "RabbitMQ management", LOGIN " but guest's"},
	{25672, 25672, TCP, NULL, false, "RabbitMQ, among its nodes", CODE},
	{27017, 27019, TCP, "mongod", true, "MongoDB", "has no login by default"},
	{28015, 28015, TCP, "rethinkdb", true, "RethinkDB", "has no login by default"},
	{50070, 50070, TCP, NULL, false, "HDFS", LOGIN},
};

const struct exposed_port *exposed_ports(size_t *count)
{
	*count = COUNT_OF(ports);
	return ports;
}

/* True if the usual process of an entry holds the socket. Where several entries have one port, that decides. */
static bool is_held_by_usual_process(const struct exposed_port *port, const struct socket *socket)
{
	for (size_t i = 0; port->process && i < socket->owner_count; i++)
		if (strncmp(port->process, socket->owners[i].comm, COMM_LEN - 1) == 0)
			return true;
	return false;
}

enum fit { FITS_NOT, FITS_PORT, FITS_PROCESS, FITS_BOTH };

static enum fit rate_fit(const struct exposed_port *port, const struct socket *socket)
{
	uint16_t number = socket->tuple.lport;

	if (!(port->protocols & 1u << socket->protocol))
		return FITS_NOT;
	if (number >= port->first && number <= port->last)
		return is_held_by_usual_process(port, socket) ? FITS_BOTH : FITS_PORT;
	return port->anywhere && is_held_by_usual_process(port, socket) ? FITS_PROCESS : FITS_NOT;
}

const struct exposed_port *exposed_port_of(const struct socket *socket)
{
	const struct exposed_port *best = NULL;
	enum fit most = FITS_NOT;

	for (size_t i = 0; i < COUNT_OF(ports); i++) {
		enum fit fits = rate_fit(&ports[i], socket);

		if (fits <= most)
			continue;
		best = &ports[i];
		most = fits;
	}
	return best;
}

const char *exposed_port_text(const struct exposed_port *port, char *out)
{
	const char *protocols = port->protocols == BOTH ? "tcp+udp" : port->protocols == UDP ? "udp" : "tcp";

	if (port->first == port->last)
		snprintf(out, EXPOSED_PORT_TEXT, "%u/%s", port->first, protocols);
	else
		snprintf(out, EXPOSED_PORT_TEXT, "%u-%u/%s", port->first, port->last, protocols);
	return out;
}
