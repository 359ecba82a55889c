#include "harness/pace.h"

#include <math.h>

/* A look is at this much time or one piece, whichever is longer; a trial that has lost LOST_S ends before. */
static const double LOOK_S = 0.1, LOST_S = 0.02;
/* More threads must be faster by this factor. */
static const double GAIN = 1.1;
/* The next trial comes after RETRY_S, and after LOST_SHARE times what the last one lost. */
static const double RETRY_S = 5, LOST_SHARE = 50;
/* What one thread can do is looked at again after this time, or after RETRY_S where it has been better once than it
 * was at the last look by so much that more threads might not pay any more. */
static const double OLD_S = 60;

static void new_look(struct pace *p)
{
    p->work = p->work_s = 0;
}

int pace_begin(struct pace *p, int granted, double now_s)
{
    bool many = granted > 1 && p->one_rate > 0 && now_s >= p->alone_until_s && !p->look;
    int threads = many ? granted : 1;
    if (threads != p->threads)
        new_look(p);
    p->threads = threads;
    p->began_s = now_s;
    return threads;
}

static void look_at_one(struct pace *p, double now_s)
{
    if (p->work_s < LOOK_S)
        return;
    p->one_rate = p->work / p->work_s;
    p->best_one_rate = fmax(p->best_one_rate, p->one_rate);
    p->looked_s = now_s;
    if (p->look && p->many_rate < GAIN * p->one_rate)
        p->alone_until_s = now_s + RETRY_S;
    p->look = false;
    new_look(p);
}

static void look_at_many(struct pace *p, double now_s)
{
    double lost_s = p->work_s - p->work / p->one_rate, age_s = now_s - p->looked_s;
    if (p->work_s < LOOK_S && lost_s < LOST_S)
        return;
    p->many_rate = p->work / p->work_s;
    if (p->many_rate < GAIN * p->one_rate)
        p->alone_until_s = now_s + fmax(RETRY_S, LOST_SHARE * lost_s);
    else
        p->look = age_s > OLD_S || (age_s > RETRY_S && p->many_rate < GAIN * p->best_one_rate);
    new_look(p);
}

void pace_end(struct pace *p, double work, double now_s)
{
    double piece_s = now_s - p->began_s;
    p->work += work;
    p->work_s += piece_s;
    /* The first piece meets memory and caches that nobody has touched. */
    if (!p->warm && piece_s < LOOK_S)
        new_look(p);
    else if (p->threads == 1)
        look_at_one(p, now_s);
    else
        look_at_many(p, now_s);
    p->warm = true;
}
