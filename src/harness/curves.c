#include "harness/curves.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/size.h"
#include "harness/json.h"

static double number_after(const char *line, const char *end, const char *key)
{
    size_t n = strlen(key);
    for (const char *p = line; p + n < end; p++)
        if (memcmp(p, key, n) == 0)
            return strtod(p + n, NULL);
    return (double)NAN;
}

/* The lines of a log are the tool's own, so that their keys stand in a known form. */
static void parse_lines(struct curve *c, const char *text)
{
    static const char step[] = "{\"type\":\"step\"";
    const char *end;
    for (const char *line = text; (end = strchr(line, '\n')); line = end + 1) {
        if (strncmp(line, step, sizeof step - 1) != 0)
            continue;
        c->tokens[c->n] = number_after(line, end, "\"tokens\":");
        c->flops[c->n] = number_after(line, end, "\"flops\":");
        c->loss[c->n] = number_after(line, end, "\"loss\":");
        c->n++;
    }
}

enum status curve_read_log(struct curve *c, const char *path, struct err *err)
{
    char *text;
    size_t size, lines = 0;
    TRY(file_read(&text, &size, path, err));
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    enum status st = size_calloc(&c->tokens, lines, sizeof *c->tokens, "a training curve", err);
    if (st == OK)
        st = size_calloc(&c->flops, lines, sizeof *c->flops, "a training curve", err);
    if (st == OK)
        st = size_calloc(&c->loss, lines, sizeof *c->loss, "a training curve", err);
    if (st == OK)
        parse_lines(c, text);
    free(text);
    return st;
}

static enum status read_result(struct curve *c, const char *path, struct err *err)
{
    cJSON *root;
    TRY(json_read(&root, path, "result of a run", err));
    const cJSON *status = cJSON_GetObjectItemCaseSensitive(root, "status");
    if (cJSON_IsString(status))
        snprintf(c->status, sizeof c->status, "%s", status->valuestring);
    c->params = json_number(root, "params");
    c->params_nonembd = json_number(root, "params_nonembd");
    c->params_matmul = json_number(root, "params_matmul");
    c->budget_tokens = json_number(root, "tokens");
    c->final_loss = json_number(root, "loss");
    cJSON_Delete(root);
    return OK;
}

/* Leaves *found false for a folder that is no finished run. */
static enum status read_run(struct curve *c, bool *found, const char *dir, const char *name,
                            struct err *err)
{
    char run[FILE_PATH_MAX], log[FILE_PATH_MAX], result[FILE_PATH_MAX];
    TRY(file_join(run, sizeof run, dir, name, err));
    TRY(file_join(log, sizeof log, run, "log.jsonl", err));
    TRY(file_join(result, sizeof result, run, "result.json", err));
    *found = file_exists(log) && file_exists(result);
    if (!*found)
        return OK;
    snprintf(c->run, sizeof c->run, "%s", name);
    TRY(read_result(c, result, err));
    return curve_read_log(c, log, err);
}

enum status curves_read(struct curves *c, const char *dir, struct err *err)
{
    struct file_list list = {0};
    *c = (struct curves){0};
    TRY(file_list_dir(&list, dir, err));
    enum status st = size_calloc(&c->items, list.n, sizeof *c->items, "the training curves", err);
    for (size_t i = 0; i < list.n && st == OK; i++) {
        bool found;
        st = read_run(&c->items[c->n], &found, dir, list.names[i], err);
        if (st != OK || found)
            c->n++; /* after a failure too, so that what was taken is given back */
    }
    file_list_free(&list);
    return st;
}

void curve_free(struct curve *c)
{
    free(c->tokens);
    free(c->flops);
    free(c->loss);
    *c = (struct curve){0};
}

void curves_free(struct curves *c)
{
    for (size_t i = 0; i < c->n; i++)
        curve_free(&c->items[i]);
    free(c->items);
    *c = (struct curves){0};
}
