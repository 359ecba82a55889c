/* The clock for measuring: seconds since some fixed moment, never set back. */
#ifndef PLATEAU_BASE_CLOCK_H
#define PLATEAU_BASE_CLOCK_H

double clock_now_s(void);

/* Seconds that all threads of this process have been on a core. */
double clock_cpu_s(void);

/* Sleep for 0 <= s < 1 seconds, less where a signal comes. */
void clock_sleep_s(double s);

#endif
