/* Numbers as fit.json, compare.json and search.json have them: JSON has no NaN, and what is not known is null. */
#ifndef PLATEAU_FIT_JSON_PUT_H
#define PLATEAU_FIT_JSON_PUT_H

#include <cjson/cJSON.h>
#include <math.h>

static inline void json_put(cJSON *o, const char *key, double v)
{
    if (isfinite(v))
        cJSON_AddNumberToObject(o, key, v);
    else
        cJSON_AddNullToObject(o, key);
}

static inline void json_put_pair(cJSON *o, const char *key, double lo, double hi)
{
    cJSON *a = cJSON_AddArrayToObject(o, key);
    cJSON_AddItemToArray(a, isfinite(lo) ? cJSON_CreateNumber(lo) : cJSON_CreateNull());
    cJSON_AddItemToArray(a, isfinite(hi) ? cJSON_CreateNumber(hi) : cJSON_CreateNull());
}

#endif
