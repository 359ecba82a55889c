#include "base/json_memory.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

static _Thread_local size_t failures;

static void *take(size_t n)
{
    void *p = malloc(n);
    failures += !p;
    return p;
}

static void give_back(void *p)
{
    free(p);
}

void json_memory_watch(void)
{
    cJSON_Hooks hooks = {take, give_back};
    cJSON_InitHooks(&hooks);
}

size_t json_memory_failures(void)
{
    return failures;
}
