#include "base/json_file.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json_memory.h"
#include "base/seal.h"

static enum status read(cJSON **root, const char *path, const char *what, bool sealed, struct err *err)
{
    char *text;
    size_t size;
    *root = NULL;
    TRY(file_read_regular(&text, &size, path, err));
    if (sealed && seal_check(NULL, text, size) == SEAL_BROKEN) {
        free(text);
        return err_set(err, E_DATA, "%s is damaged: its checksum does not match", path);
    }
    size_t failures = json_memory_failures();
    if (strlen(text) == size) /* no zero byte, after which cJSON would not look */
        *root = cJSON_ParseWithOpts(text, NULL, true);
    free(text);
    if (!*root && json_memory_failures() != failures)
        return err_set(err, E_NOMEM, "out of memory reading %s", path);
    return *root ? OK : err_set(err, E_DATA, "%s is damaged: it is no %s", path, what);
}

enum status json_read(cJSON **root, const char *path, const char *what, struct err *err)
{
    return read(root, path, what, false, err);
}

enum status json_read_sealed(cJSON **root, const char *path, const char *what, struct err *err)
{
    return read(root, path, what, true, err);
}

enum status json_write(const char *path, cJSON *root, size_t failures, struct err *err)
{
    char *text = root && json_memory_failures() == failures ? cJSON_Print(root) : NULL;
    cJSON_Delete(root);
    if (!text)
        return err_set(err, E_NOMEM, "out of memory writing %s", path);
    enum status st = file_write_atomic(path, text, strlen(text), err);
    cJSON_free(text);
    return st;
}

double json_number(const cJSON *object, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(v) ? v->valuedouble : (double)NAN;
}
