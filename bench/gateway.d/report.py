#!/usr/bin/env python3
"""The section of docs/performance.md of bench/gateway.

Reads the results of single rounds, a line each: operation, connections, side,
requests per second, p50 and p99 in milliseconds, microseconds of CPU per
request of the server or client in front and of PostgreSQL behind it.
"""
import collections
import statistics
import sys

OPERATIONS = {'get': 'GetItem', 'put': 'PutItem', 'query': 'Query of 20'}
SIDES = {
    'gateway': 'gateway',
    'gateway-async': 'gateway, synchronous_commit off',
    'local': 'DynamoDB Local',
    'dynalite': 'dynalite',
}
CPU_TARGET = {'get': 0.5, 'put': 0.5, 'query': 1 / 3}
PGBENCH_TARGET = 1.8

Figures = collections.namedtuple('Figures', 'rate p50 p99 front behind')


def read(lines):
    """{(operation, connections): {side: Figures of medians}}"""
    rounds = collections.defaultdict(lambda: collections.defaultdict(list))
    for line in lines:
        operation, connections, side, *figures = line.split()
        rounds[operation, int(connections)][side].append([float(f) for f in figures])
    return {case: {side: Figures(*map(statistics.median, zip(*some)))
                   for side, some in sides.items()}
            for case, sides in rounds.items()}


def cpu(figures):
    return figures.front + figures.behind


def table(heads, left, rows):
    """Lines of a table, its first so many columns aligned to the left."""
    rule = ['---'] * left + ['---:'] * (len(heads) - left)
    for row in [heads, rule] + rows:
        print('| ' + ' | '.join(row) + ' |' if row is not rule else '|' + '|'.join(row) + '|')
    print()


def servers(results):
    rows = []
    for (operation, connections), sides in results.items():
        for side, name in SIDES.items():
            if side in sides:
                f = sides[side]
                rows.append([OPERATIONS[operation], str(connections), name, '%.0f' % f.rate,
                             '%.2f' % f.p50, '%.2f' % f.p99, '%.1f' % cpu(f)])
    table(['operation', 'connections', 'server', 'requests per second', 'p50 ms', 'p99 ms',
           'CPU ms per 1,000'], 3, rows)


def targets(results):
    """The gateway's figures as ratios to the better of the other servers."""
    rows = []
    for (operation, connections), sides in results.items():
        others = [sides[side] for side in ('local', 'dynalite') if side in sides]
        for side in ('gateway', 'gateway-async'):
            if side not in sides or not others:
                continue
            own = sides[side]
            rate = own.rate / max(f.rate for f in others)
            p99 = own.p99 / min(f.p99 for f in others)
            ratio = cpu(own) / min(cpu(f) for f in others)
            missed = [what for what, met in (('rate', rate > 1), ('p99', p99 < 1),
                                             ('CPU', ratio <= CPU_TARGET[operation]))
                      if not met]
            rows.append([OPERATIONS[operation], str(connections), SIDES[side], '%.2f' % rate,
                         '%.2f' % p99, '%.2f' % ratio, '%.2f' % CPU_TARGET[operation],
                         'met' if not missed else 'missed: ' + ', '.join(missed)])
    if rows:
        print("""The gateway as a multiple of the better one of the two in each column. The
targets: more requests per second and a lower p99 than both (rate above 1, p99
below 1), and at most so much CPU time:
""")
        table(['operation', 'connections', 'server', 'rate', 'p99', 'CPU', 'CPU at most', ''],
              3, rows)


def pgbench(results):
    rows = []
    for (operation, connections), sides in results.items():
        for suffix, off in (('', ''), ('-async', ', synchronous_commit off')):
            if 'gateway' + suffix not in sides or 'pgbench' + suffix not in sides:
                continue
            own, direct = sides['gateway' + suffix], sides['pgbench' + suffix]
            ratio = cpu(own) / cpu(direct)
            rows.append([OPERATIONS[operation] + off, str(connections),
                         '%.1f + %.1f' % (own.front, own.behind),
                         '%.1f + %.1f' % (direct.front, direct.behind),
                         '%.2f' % ratio, '%.2f' % (cpu(own) / direct.behind),
                         'met' if ratio <= PGBENCH_TARGET else 'missed'])
    if rows:
        print("""Beside `SELECT dynamo.invoke($1, $2)` sent by pgbench, prepared, with as many
clients as there were connections: CPU ms per 1,000 requests of the gateway and
of PostgreSQL, of pgbench and of PostgreSQL. The gateway does for its clients
what libpq does in pgbench, so the target is a ratio of both sums of at most
%.1f; the second ratio leaves pgbench's own share out.
""" % PGBENCH_TARGET)
        table(['operation', 'connections', 'gateway + PostgreSQL', 'pgbench + PostgreSQL',
               'ratio', 'to PostgreSQL alone', ''], 1, rows)


def main():
    results = read(sys.stdin)
    print("""## Beside DynamoDB Local and dynalite

Written by `bench/gateway`; [bench/README.md](../bench/README.md) says how it
measures. The CPU time is that of all processes of a server: with the gateway
that is its own and those of PostgreSQL.
""")
    servers(results)
    targets(results)
    pgbench(results)


main()
