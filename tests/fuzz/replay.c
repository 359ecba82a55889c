/* A fuzz target on the files of a folder, one after the other: TARGET FOLDER|FILE... What ends badly is the last one named. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "fuzz.h"

static size_t count;

static void replay(const char *path)
{
    char *text;
    size_t size;
    struct err err;
    printf("%s\n", path);
    fflush(stdout);
    if (file_read_regular(&text, &size, path, &err) != OK) {
        printf("%s\ntests: 0 passed, 1 failed, 0 skipped\n", err.msg);
        exit(1);
    }
    uint8_t *data = malloc(size ? size : 1); /* of just this length: a sanitizer sees what is read beyond */
    for (size_t i = 0; i < size && data; i++)
        data[i] = (uint8_t)text[i];
    free(text);
    alarm(getenv("TEST_SLOW") ? 1200 : 60); /* a reader that does not end is killed, and the test with it */
    LLVMFuzzerTestOneInput(data, size);
    alarm(0);
    free(data);
    count++;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct file_list list = {0};
        struct err err;
        char path[FILE_PATH_MAX];
        if (!file_is_dir(argv[i])) {
            replay(argv[i]);
            continue;
        }
        if (file_list_dir(&list, argv[i], &err) != OK)
            return 1;
        for (size_t k = 0; k < list.n; k++)
            if (file_join(path, sizeof path, argv[i], list.names[k], &err) == OK)
                replay(path);
        file_list_free(&list);
    }
    printf("tests: %d passed, %d failed, 0 skipped\n", count > 0, count == 0);
    return count == 0;
}
