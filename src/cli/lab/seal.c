#include "cli/lab/seal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/json_file.h"

enum status seal_may_begin(const struct lab *l, struct err *err)
{
    char dir[FILE_PATH_MAX];
    TRY(lab_path(dir, l, SEAL_RUN, NULL, err));
    if (file_is_dir(dir))
        return err_set(err, E_DATA, "%s is there already: a prediction of a run that has begun is none", dir);
    return OK;
}

bool seal_there(const struct lab *l)
{
    char path[FILE_PATH_MAX];
    return lab_path(path, l, "prediction.json", NULL, NULL) == OK && file_exists(path);
}

enum status seal_write(const struct lab *l, cJSON *root, struct err *err)
{
    char path[FILE_PATH_MAX], date[40], line[SHA256_TEXT + 32], hash[SHA256_TEXT];
    time_t now = time(NULL);
    struct tm tm;
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
    cJSON_AddStringToObject(root, "date", date);
    cJSON_AddNumberToObject(root, "sealed_at", (double)now);
    char *text = cJSON_Print(root);
    cJSON_Delete(root);
    if (!text)
        return err_set(err, E_NOMEM, "out of memory sealing the prediction");
    sha256_text(hash, text, strlen(text));
    snprintf(line, sizeof line, "%s  prediction.json\n", hash);
    enum status st = lab_path(path, l, "prediction.sha256", NULL, err);
    if (st == OK)
        st = file_write_atomic(path, line, strlen(line), err);
    if (st == OK)
        st = lab_path(path, l, "prediction.json", NULL, err);
    if (st == OK)
        st = file_write_atomic(path, text, strlen(text), err);
    cJSON_free(text);
    return st;
}

enum status seal_read(cJSON **root, char hash[SHA256_TEXT], const struct lab *l, struct err *err)
{
    char path[FILE_PATH_MAX], beside[FILE_PATH_MAX];
    char *text, *line;
    size_t size, n;
    *root = NULL;
    TRY(lab_path(path, l, "prediction.json", NULL, err));
    TRY(lab_path(beside, l, "prediction.sha256", NULL, err));
    TRY(file_read_regular(&text, &size, path, err));
    sha256_text(hash, text, size);
    free(text);
    TRY(file_read_regular(&line, &n, beside, err));
    bool intact = n >= SHA256_TEXT - 1 && strncmp(line, hash, SHA256_TEXT - 1) == 0;
    free(line);
    if (!intact)
        return err_set(err, E_DATA, "%s: the seal is broken: its hash is %.12s..., and not what %s says", path, hash, beside);
    return json_read(root, path, "sealed prediction", err);
}

/* The hash that the run began under; "" where none is kept. */
static enum status read_mark(char mark[SHA256_TEXT], const char *path, struct err *err)
{
    char *text;
    size_t n;
    mark[0] = '\0';
    if (!file_exists(path))
        return OK;
    TRY(file_read_regular(&text, &n, path, err));
    snprintf(mark, SHA256_TEXT, "%s", text);
    free(text);
    return OK;
}

/* Whether a file of the run's folder is older than the seal, by more than clocks of files are coarse. */
static enum status older(bool *is, const char *dir, double sealed_at, struct err *err)
{
    struct file_list list;
    *is = false;
    TRY(file_list_dir(&list, dir, err));
    for (size_t i = 0; i < list.n; i++) {
        char path[FILE_PATH_MAX], config[FILE_PATH_MAX];
        struct stat sb;
        if (file_join(path, sizeof path, dir, list.names[i], NULL) != OK ||
            file_join(config, sizeof config, path, "config.json", NULL) != OK)
            continue;
        if (stat(config, &sb) == 0)
            *is = *is || (double)sb.st_mtime < sealed_at - 2;
    }
    file_list_free(&list);
    return OK;
}

enum status seal_mark(const struct lab *l, const cJSON *root, const char *hash, struct err *err)
{
    char dir[FILE_PATH_MAX], path[FILE_PATH_MAX], mark[SHA256_TEXT];
    bool before = false;
    TRY(lab_path(dir, l, SEAL_RUN, NULL, err));
    TRY(lab_path(path, l, SEAL_RUN, "seal.txt", err));
    if (!file_is_dir(dir)) {
        TRY(file_mkdirs(dir, err));
        return file_write_atomic(path, hash, strlen(hash), err);
    }
    TRY(read_mark(mark, path, err));
    TRY(older(&before, dir, json_number(root, "sealed_at"), err));
    if (before || mark[0] == '\0')
        return err_set(err, E_DATA,
                       "%s began before prediction.json was sealed: a prediction made after its run is no prediction. Remove "
                       "%s to train it anew",
                       dir, dir);
    if (strcmp(mark, hash) != 0)
        return err_set(err, E_DATA, "%s began under another prediction (%.12s..., now %.12s...): the sealed file was replaced", dir,
                       mark, hash);
    return OK;
}
