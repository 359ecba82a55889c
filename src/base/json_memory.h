/* cJSON does not tell that it has run out of memory: what is built lacks a key then, and what is read seems to be malformed.
 * Once it is watched, whoever builds or reads counts the failures before and after. */
#ifndef PLATEAU_BASE_JSON_MEMORY_H
#define PLATEAU_BASE_JSON_MEMORY_H

#include <stddef.h>

/* Once, when the program begins: cJSON's memory comes through here. Not watched, there are no failures. */
void json_memory_watch(void);

/* How often this thread's cJSON has had no memory so far. */
size_t json_memory_failures(void);

#endif
