/* Are the runs of one table alike in what no law knows of? A law in size and data takes everything else for equal.
 * Runs on other data, vocabularies or held-out sets are other experiments: one law through both means nothing, so
 * they are refused. Runs that were trained otherwise (learning rate, batch, schedule, ...) may be meant so, and are
 * named.
 *
 * The reader of tables notes the cells of the columns that tell, row by row; unlike_judge looks at them once all
 * rows are there. A cell that is empty, or a column that one of several files lacks, says nothing. */
#ifndef PLATEAU_FIT_UNLIKE_H
#define PLATEAU_FIT_UNLIKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "fit/lines.h"

struct fit_table;
struct unlike;

/* What a column of this name tells about a run: 0 and up, or -1 where it is nothing of the kind. */
int unlike_trait(const char *column);

/* The rows that follow come from the file `name`. *u is NULL at first. */
enum status unlike_source(struct unlike **u, const char *name, struct err *err) WARN_UNUSED;
/* The next row of that file, which is row (0, 1, ...) of the table. */
enum status unlike_row(struct unlike *u, size_t row, struct err *err) WARN_UNUSED;
/* Its cell under a column with that trait. */
enum status unlike_set(struct unlike *u, size_t row, int trait, const char *column, const char *cell,
                       struct err *err) WARN_UNUSED;
/* The table keeps the rows of which keep (n) says so, and numbers them anew. u may be NULL. */
void unlike_keep(struct unlike *u, const bool *keep, size_t n);
void unlike_free(struct unlike *u);

/* Rows that came from this file; 0 where it is not known. */
size_t unlike_rows_of(const struct unlike *u, const char *name);

/* The number in row's cell of the column that tells of this trait; NaN where it is none, or where the column has another
 * name than `column`, unless that is NULL. u may be NULL. */
double unlike_number(const struct unlike *u, size_t row, int trait, const char *column);
/* How many texts the first n rows have for this trait, and words of them: "5 with avx2 and 4 with avx512". u may be NULL. */
size_t unlike_texts(char *words, size_t size, const struct unlike *u, int trait, size_t n);
/* What is tuned at a size and budget: learning rate, batch, decay, warm-up, ... Whether two of such settings stand in the
 * table at all; what one row has of them, and of all but the learning rate, as hashes; its learning rate, NaN where it is not
 * known. u may be NULL in the first. */
bool unlike_has_settings(const struct unlike *u);
uint64_t unlike_setting(const struct unlike *u, size_t row);
uint64_t unlike_others(const struct unlike *u, size_t row);
double unlike_rate(const struct unlike *u, size_t row);
/* Two rows of one size and budget: what they differ in of that was tried there, and warns nobody any more. */
void unlike_settle(struct unlike *u, size_t a, size_t b);
/* The columns of that, "lr and batch_tokens", and one value as --where takes it, "lr=0.008". */
void unlike_settled(char *columns, size_t size, char *example, size_t example_size, const struct unlike *u);

/* E_DATA, naming the column, its values and their files, where the table's runs saw unlike data. Unlike training adds
 * one sentence a trait to `careful`. Names of data do not count where the data is known to be one: same_data, or by a
 * column of fingerprints; nor do these where same_print says that they are compared elsewhere. u may be NULL: nothing
 * is known. */
enum status unlike_judge(struct fit_lines *careful, const struct unlike *u, const struct fit_table *t,
                         bool same_data, bool same_print, struct err *err) WARN_UNUSED;

#endif
