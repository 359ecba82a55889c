/* A run's folder: result.json, then a line of "----", then log.jsonl. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#include "harness/curves.h"
#include "harness/logline.h"
#include "harness/results.h"
#include "harness/runlog.h"

/* A row that was taken is written as one that reads as the same. */
static void write_and_read(struct run_row *row)
{
    char path[FILE_PATH_MAX];
    struct run_row back;
    struct err err = {0};
    bool found;
    FUZZ_CHECK(file_join(path, sizeof path, fuzz_dir(), "result.json", &err) == OK, "%s", err.msg);
    if (!isfinite(row->log_bytes)) /* of an older version */
        row->log_bytes = 0;
    FUZZ_CHECK(run_row_write(path, row, &err) == OK, "%s", err.msg);
    FUZZ_CHECK(run_row_read_anywhere(&back, &found, fuzz_dir(), &err) == OK && found, "what was written is not read: %s", err.msg);
    FUZZ_CHECK(strcmp(row->run, back.run) == 0 && strcmp(row->status, back.status) == 0, "%s reads as %s", row->run, back.run);
    FUZZ_CHECK(row->loss == back.loss || (!isfinite(row->loss) && isnan(back.loss)) ||
                   fabs(row->loss - back.loss) <= 1e-15 * fabs(row->loss), "%.17g reads as %.17g", row->loss, back.loss);
}

static void resume(size_t keep)
{
    struct runlog log;
    struct err err = {0};
    enum status st = runlog_open(&log, fuzz_dir(), (int64_t)keep, "ref", (double)NAN, true, &err);
    fuzz_answer(st, &err);
    FUZZ_CHECK(log.eval_step >= -1, "an evaluation at step %lld", (long long)log.eval_step);
    if (st == OK)
        FUZZ_CHECK(runlog_step(&log, 1, 2, 3, 4, 5, 6, 7, &err) == OK, "%s", err.msg);
    runlog_close(&log);
}

static void lines(const struct fuzz_input *log)
{
    char text[16];
    struct logline l;
    size_t n = 0, bad = logline_first_bad((const char *)log->data, log->size);
    for (const char *at = (const char *)log->data; logline_next(&l, &at, (const char *)log->data + log->size);) {
        n++;
        (void)logline_number(&l, "loss");
        logline_text(text, sizeof text, &l, "isa");
    }
    FUZZ_CHECK(bad <= n || (n == 0 && bad == 1), "line %zu of %zu", bad, n);
    (void)logline_checksum((const char *)log->data, log->size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[FILE_PATH_MAX];
    struct fuzz_input in = {data, size}, result = fuzz_part(&in, "\n----\n");
    struct run_row row;
    struct curve curve = {.n = 0};
    struct err err = {0};
    bool found, missing;
    fuzz_file(path, "result.json", result.data, result.size);
    fuzz_file(path, "log.jsonl", in.data, in.size);
    lines(&in);
    fuzz_answer(curve_read_log(&curve, path, &err), &err);
    curve_free(&curve);
    enum status st = run_row_read_anywhere(&row, &found, fuzz_dir(), &err);
    fuzz_answer(st, &err);
    if (st == OK)
        fuzz_answer(run_row_check_log(&row, &missing, fuzz_dir(), &err), &err);
    resume(in.size);
    if (st == OK)
        write_and_read(&row);
    return 0;
}
