#include "fit/table/sealed.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json_memory.h"
#include "base/seal.h"

static enum status parse(cJSON **out, const char *name, const char *text, struct err *err)
{
    const char *end = NULL;
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    size_t failures = json_memory_failures();
    *out = cJSON_ParseWithOpts(text, &end, 1);
    if (*out)
        return OK;
    if (json_memory_failures() != failures)
        return err_set(err, E_NOMEM, "out of memory reading %s", name);
    size_t line = 1, col = 1;
    for (const char *p = text; end && p < end; p++) {
        col = *p == '\n' ? 1 : col + 1;
        line += *p == '\n';
    }
    return err_set(err, E_DATA, "%s:%zu:%zu: this is not valid JSON", name, line, col);
}

static enum status read_sealed(cJSON **root, const char *path, struct err *err)
{
    char *text;
    size_t size;
    TRY(file_read_regular(&text, &size, path, err));
    enum status st = seal_check(NULL, text, size) != SEAL_BROKEN
                         ? parse(root, path, text, err)
                         : err_set(err, E_DATA, "%s is damaged: its checksum does not match; the sweep's command writes it again",
                                   path);
    free(text);
    return st;
}

enum status sealed_truth(bool *known, double *floor, double *heldout, const char *path, struct err *err)
{
    cJSON *root;
    *known = false;
    TRY(read_sealed(&root, path, err));
    const cJSON *truth = cJSON_GetObjectItemCaseSensitive(root, "truth");
    const cJSON *e = cJSON_GetObjectItemCaseSensitive(truth, "floor");
    const cJSON *h = cJSON_GetObjectItemCaseSensitive(truth, "floor_heldout");
    *heldout = cJSON_IsNumber(h) ? h->valuedouble : (double)NAN;
    if (cJSON_IsNumber(e) && isfinite(e->valuedouble)) {
        *known = true;
        *floor = e->valuedouble;
    }
    cJSON_Delete(root);
    return OK;
}

enum status sealed_text(char *out, size_t size, const char *path, const char *key, struct err *err)
{
    cJSON *root;
    out[0] = '\0';
    TRY(read_sealed(&root, path, err));
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(root, key);
    if (cJSON_IsString(v) && strlen(v->valuestring) < size)
        strcpy(out, v->valuestring);
    cJSON_Delete(root);
    return OK;
}
