/* How many threads the next piece of work gets: more than one only while they make work at least a tenth faster than
 * one, whatever else runs on the machine.
 *
 * A trial of more threads that turns out slower ends at once, and the next one waits so long that all trials together
 * cost no more than a fiftieth of the time. Work is counted in any unit that takes about the same time, in tokens
 * trained for instance. Nothing here reads a clock. */
#ifndef PLATEAU_HARNESS_PACE_H
#define PLATEAU_HARNESS_PACE_H

#include <stdbool.h>

/* All zero: nothing known yet. */
struct pace {
    int threads;             /* of the piece at hand, or of the last */
    double began_s;          /* when it began */
    double work, work_s;     /* done with that number since the last look: how much, and in what time */
    double one_rate;         /* work a second on one thread at the last look; 0: not known yet */
    double best_one_rate;    /* at any look */
    double many_rate;        /* on more than one, at the last look */
    double looked_s;         /* when one_rate was last looked at */
    double alone_until_s;    /* more than one did not pay: not again before this */
    bool warm, look;         /* the first piece is over; one_rate is wanted anew */
};

/* Threads for the piece that begins now: `granted`, or 1. */
int pace_begin(struct pace *p, int granted, double now_s);

/* That piece is over. */
void pace_end(struct pace *p, double work, double now_s);

#endif
