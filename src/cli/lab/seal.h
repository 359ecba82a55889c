/* The sealed prediction: prediction.json, and prediction.sha256 with its hash as sha256sum writes it. The folder of the run that
 * it is about keeps the hash that it began under, so that a prediction which came after the run, or was changed since, is seen.
 * Who wants to cheat can; a hash on the blackboard cannot be changed. */
#ifndef PLATEAU_CLI_LAB_SEAL_H
#define PLATEAU_CLI_LAB_SEAL_H

#include "base/sha256.h"
#include "cli/lab/lab.h"

/* The folder of the run. */
#define SEAL_RUN "ahead"

/* Whether there is a prediction. */
bool seal_there(const struct lab *l);
/* E_DATA where the run has begun: what is predicted after it is no prediction. */
enum status seal_may_begin(const struct lab *l, struct err *err) WARN_UNUSED;
/* Write it with its hash and the time, which are added; takes root. */
enum status seal_write(const struct lab *l, cJSON *root, struct err *err) WARN_UNUSED;
/* Read it back; E_DATA where the seal is broken. cJSON_Delete. */
enum status seal_read(cJSON **root, char hash[SHA256_TEXT], const struct lab *l, struct err *err) WARN_UNUSED;
/* Before the run is trained, or gone on with: E_DATA where it began before the prediction was sealed, or under another. Then
 * the run's folder keeps the hash. */
enum status seal_mark(const struct lab *l, const cJSON *root, const char *hash, struct err *err) WARN_UNUSED;

#endif
