/* What the words of other tools for the state of a run mean. */
#ifndef PLATEAU_FIT_TABLE_STATUS_H
#define PLATEAU_FIT_TABLE_STATUS_H

#include "base/status.h"

enum run_state { RUN_DONE, RUN_DIVERGED, RUN_FAILED, RUN_UNFINISHED, RUN_N_STATES, RUN_UNKNOWN = RUN_N_STATES };

/* In any case; an empty cell is a run that is done. */
enum run_state run_state_of(const char *word);
/* The words known, for messages. */
const char *run_state_words(char *buf, size_t size);

#endif
