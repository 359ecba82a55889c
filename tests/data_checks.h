/* What every kind of data must keep. */
#ifndef PLATEAU_TESTS_DATA_CHECKS_H
#define PLATEAU_TESTS_DATA_CHECKS_H

#include "data/data.h"

enum { CTX = 14 };

/* Language zipf-facts as it is by default. */
struct data_spec facts_spec(void);
/* One call or many, the same windows; seeds and the held-out set differ. */
void check_stateless(const struct data *d);

#endif
