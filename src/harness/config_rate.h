/* Of config_*.c alone. train.lr: a number, a law of size and budget, or "auto", in JSON. */
#ifndef PLATEAU_HARNESS_CONFIG_RATE_H
#define PLATEAU_HARNESS_CONFIG_RATE_H

#include <cjson/cJSON.h>

#include "harness/config_internal.h"

/* E_CONFIG naming the key or its part where the value is none of these. */
enum status config_rate_read(struct config *c, const struct key *k, const cJSON *v, struct err *err) WARN_UNUSED;
/* NULL for want of memory. */
cJSON *config_rate_json(const struct config *c);

#endif
