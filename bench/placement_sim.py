#!/usr/bin/env python3
"""Simulation of item placement (src/store/item_am.c, docs/architecture.md).

Pages hold CAP items of equal size.  Collections are written interleaved, in
ascending or random order of their sort keys.  Printed per workload: pages a
Query of a whole collection touches, the same as a multiple of the ideal
(items / CAP), the table's size as a multiple of a heap's, index entries
examined per insert.

  placement_sim.py            the chosen point
  placement_sim.py sweep      the curve around it
"""
import bisect
import random
import sys

CAP = 19

CHOSEN = dict(
    k=64,          # index entries examined at most
    tries=8,       # newest pages among them that are looked at
    recent=4096,   # collections whose last page is remembered (hashed)
    base=2,        # slots that a newcomer reserves on an open page
    growth=2,      # further slots per item that its collection has
    most=0.5,      # part of a page that one collection reserves at most
    own=1.2,       # pages' worth of items from which on a page is fresh
    nopen=4,       # open pages
    lag=16384,     # newest pages of the table, whose reserves are kept ...
    part=8,        # ... at most 1/part of it
    old=0.5,       # part of the usual reservation that is made on those
    steps=16,      # older pages looked at when a page is opened
)


class Table:
    def __init__(self, k, tries, recent, base, growth, most, own, nopen, lag,
                 part, old, steps):
        self.tries, self.slots, self.recent = tries, recent, {}
        self.free = []
        self.k, self.base, self.growth = k, base, growth
        self.most, self.own = most * CAP, own * CAP
        self.nopen, self.lag, self.part = nopen, lag, part
        self.old, self.steps = old, steps
        self.coll = {}
        self.cursor = 0         # oldest page not looked at again
        self.open = []          # [page, slots not reserved yet, is an old one]
        self.examined = 0

    def fresh(self):
        self.free.append(CAP)
        return len(self.free) - 1

    def reopen(self, want):
        end = len(self.free) - min(self.lag, len(self.free) // self.part)
        for _ in range(self.steps):
            if self.cursor >= end:
                break
            page = self.cursor
            self.cursor += 1
            if self.free[page] >= max(1, want * self.old) and page not in (o[0] for o in self.open):
                return [page, self.free[page], True]
        return None

    def shared(self, want):
        best = None
        for o in self.open:
            o[1] = min(o[1], self.free[o[0]])
            if o[1] >= (max(1, want * self.old) if o[2] else want) and (best is None or o[1] < best[1]):
                best = o
        if best is None:
            if len(self.open) >= self.nopen:
                self.open.remove(min(self.open, key=lambda o: o[1]))
            best = self.reopen(want) or [self.fresh(), CAP, False]
            self.open.append(best)
        # an old page has few growing collections: newcomers reserve nothing more
        best[1] -= max(1, want * self.old) if best[2] else want
        return best[0]

    def choose(self, keys, pages, key):
        i = bisect.bisect(keys, key)
        n = len(keys)
        self.examined += 1
        if i > 0 and self.free[pages[i - 1]]:
            return pages[i - 1]
        if i < n and self.free[pages[i]]:
            return pages[i]
        lo = max(0, i - self.k // 2)
        hi = min(n, lo + self.k)
        lo = max(0, hi - self.k)
        seen = hi - lo
        self.examined += seen
        if seen:
            for best in sorted(set(pages[lo:hi]), reverse=True)[:self.tries]:
                if self.free[best]:
                    return best
        if seen >= self.own:
            return self.fresh()
        return self.shared(min(self.base + self.growth * seen, self.most))

    def insert(self, c, key):
        keys, pages = self.coll.setdefault(c, ([], []))
        known, page = self.recent.get(c % self.slots if self.slots else None, (-1, -1))
        if known != c or not self.free[page]:
            page = self.choose(keys, pages, key)
        if self.slots:
            self.recent[c % self.slots] = c, page
        self.free[page] -= 1
        i = bisect.bisect(keys, key)
        keys.insert(i, key)
        pages.insert(i, page)


def workload(ncoll, size, interleave, order, seed=1):
    rnd = random.Random(seed)
    if interleave == 'robin':
        seq = [c for _ in range(size) for c in range(ncoll)]
    elif interleave == 'mixed':
        # sizes from one item to 2 * size
        seq = [c for c in range(ncoll) for _ in range(1 + c * 2 * size // ncoll)]
        rnd.shuffle(seq)
    else:
        seq = [c for c in range(ncoll) for _ in range(size)]
        rnd.shuffle(seq)
    for n, c in enumerate(seq):
        yield c, n if order == 'asc' else rnd.random()


def measure(params, ncoll, size, interleave, order):
    t = Table(**params)
    n = 0
    for c, key in workload(ncoll, size, interleave, order):
        t.insert(c, key)
        n += 1
    touched = sum(len(set(p)) for _, p in t.coll.values()) / len(t.coll)
    return touched, touched / (n / len(t.coll) / CAP), len(t.free) * CAP / n, t.examined / n


WORKLOADS = [(3000, 100, 'robin', 'rand'), (500, 100, 'shuffle', 'asc'),
             (500, 100, 'robin', 'asc'), (500, 100, 'robin', 'rand'),
             (500, 100, 'shuffle', 'rand'),
             (1000, 40, 'shuffle', 'rand'), (1500, 20, 'shuffle', 'asc'),
             (1500, 14, 'shuffle', 'asc'),
             (3000, 10, 'shuffle', 'rand'), (3000, 10, 'robin', 'asc'), (20000, 10, 'robin', 'asc'),
             (300, 10, 'shuffle', 'rand'), (5000, 4, 'shuffle', 'asc'),
             (20000, 1, 'robin', 'asc'), (1000, 30, 'mixed', 'rand')]


def report(label, params, loads=WORKLOADS):
    print(label)
    for w in loads:
        touched, ratio, size, ex = measure(params, *w)
        print('  %6d x %3d %-8s %-4s  pages %5.1f  ideal x%5.2f  size x%5.2f  examined %5.1f'
              % (*w, touched, ratio, size, ex))


def main():
    report('chosen ' + str(CHOSEN), CHOSEN)
    if len(sys.argv) > 1:
        for name, values in (('k', (8, 16, 32, 128)), ('recent', (0, 256)),
                             ('tries', (1, 2)),('base', (1, 1.5, 3)),
                             ('growth', (0, .5, 2)),
                             ('most', (.3, .4, .7)), ('own', (.6, .9, 1.5, 2)), ('nopen', (1, 2, 16)),
                             ('lag', (64, 256)), ('part', (3, 4, 16)), ('old', (0, .3, 1)),
                             ('steps', (1, 4, 64))):
            for v in values:
                report('%s = %s' % (name, v), dict(CHOSEN, **{name: v}))


if __name__ == '__main__':
    main()
