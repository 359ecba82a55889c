#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/file.h"
#include "base/system.h"
#include "cli/args.h"
#include "cli/cmd.h"
#include "cli/text.h"
#include "kernels/kern.h"
#include "version.h" /* written by the build */

static void print_kernels(void)
{
    printf("kernels: ");
    for (enum kern_isa isa = KERN_REF; isa < KERN_ISA_COUNT; isa++)
        if (kern_isa_built(isa))
            printf("%s%s", isa == KERN_REF ? "" : ", ", kern_isa_name(isa));
    struct kern k;
    kern_init(&k, kern_isa_best());
    printf("; this CPU uses %s\n", kern_isa_name(k.isa));
    kern_set_precision(&k, KERN_BF16);
    const char *instruction = kern_bf16_instruction(&k);
    if (instruction)
        printf("bf16: %s, by %s\n", kern_isa_name(k.isa), instruction);
    else
        printf("bf16: emulated\n");
}

static void print_version(void)
{
    printf("plateau %s\n", PLATEAU_VERSION);
    printf("commit: %s\n", VERSION_COMMIT);
    printf("compiler: %s\n", VERSION_COMPILER);
    print_kernels();
#ifdef _OPENMP
    printf("threads: OpenMP %d", _OPENMP);
#else
    printf("threads: POSIX, built without OpenMP");
#endif
    struct system_cores cores = system_cores();
    printf("; %d cores here", cores.fast + cores.slow);
    if (cores.slow > 0)
        printf(", %d fast and %d slow", cores.fast, cores.slow);
    printf("\n");
    /* stb is compiled in; the others are those that were found when the program began */
    text_beside(stdout, "libraries: ", "cJSON %s, zlib %s, stb %s", cJSON_Version(), zlibVersion(), VERSION_STB);
}

static void add_kernels(cJSON *root)
{
    cJSON *kernels = cJSON_AddObjectToObject(root, "kernels"), *built = cJSON_AddArrayToObject(kernels, "built");
    for (enum kern_isa isa = KERN_REF; isa < KERN_ISA_COUNT; isa++)
        if (kern_isa_built(isa))
            cJSON_AddItemToArray(built, cJSON_CreateString(kern_isa_name(isa)));
    struct kern k;
    kern_init_for(&k, kern_isa_best(), KERN_BF16);
    cJSON_AddStringToObject(kernels, "bf16_isa", kern_isa_name(k.isa));
    cJSON_AddStringToObject(kernels, "bf16", kern_bf16_instruction(&k) ? kern_bf16_instruction(&k) : "emulated");
    cJSON_AddStringToObject(kernels, "used", kern_isa_name(kern_isa_for(kern_isa_best(), KERN_FP32)));
}

static void add_threads(cJSON *root)
{
    cJSON *threads = cJSON_AddObjectToObject(root, "threads");
    struct system_cores cores = system_cores();
#ifdef _OPENMP
    cJSON_AddStringToObject(threads, "kind", "OpenMP");
    cJSON_AddNumberToObject(threads, "openmp", _OPENMP);
#else
    cJSON_AddStringToObject(threads, "kind", "POSIX");
#endif
    cJSON_AddNumberToObject(threads, "cores", cores.fast + cores.slow);
    cJSON_AddNumberToObject(threads, "slow_cores", cores.slow);
}

/* NULL for want of memory; free() releases. */
static char *version_json(void)
{
    static const char commit[] = VERSION_COMMIT;
    size_t clean = strcspn(commit, "+");
    char name[sizeof commit];
    snprintf(name, sizeof name, "%.*s", (int)clean, commit);
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "version", PLATEAU_VERSION);
    if (strcmp(name, "unknown") == 0)
        cJSON_AddNullToObject(root, "commit");
    else
        cJSON_AddStringToObject(root, "commit", name);
    cJSON_AddBoolToObject(root, "dirty", commit[clean] != '\0');
    cJSON_AddStringToObject(root, "compiler", VERSION_COMPILER);
    add_kernels(root);
    add_threads(root);
    cJSON *libraries = cJSON_AddObjectToObject(root, "libraries");
    cJSON_AddStringToObject(libraries, "cJSON", cJSON_Version());
    cJSON_AddStringToObject(libraries, "zlib", zlibVersion());
    cJSON_AddStringToObject(libraries, "stb", VERSION_STB);
    char *text = cJSON_Print(root);
    cJSON_Delete(root);
    return text;
}

static enum status tell(const char *json, struct err *err)
{
    if (!json) {
        print_version();
        return OK;
    }
    char *text = version_json();
    if (!text)
        return err_set(err, E_NOMEM, "version: out of memory");
    enum status st = OK;
    struct file_writer w;
    if (strcmp(json, "-") == 0)
        printf("%s\n", text);
    else if ((st = file_writer_open(&w, json, err)) == OK) {
        fprintf(w.out, "%s\n", text);
        st = file_writer_commit(&w, err);
    }
    cJSON_free(text);
    return st;
}

enum status cmd_version(int argc, char **argv, struct err *err)
{
    const char *json = NULL;
    const struct arg args[] = {
        {"--json", ARG_STRING, &json, "FILE|-", "write it as JSON; - prints that alone"},
    };
    const struct args_spec spec = {.command = "version",
                                   .positionals = "",
                                   .summary = "Print the version, the commit and the compiler that it was built from and with, "
                                              "the kernels in it and those that this CPU can use, threads and libraries.",
                                   .args = args,
                                   .n_args = sizeof args / sizeof *args};
    struct arg_list words;
    bool help;
    enum status st = args_parse(&spec, &words, &help, argc, argv, err);
    if (st == OK && !help)
        st = tell(json, err);
    args_free(&spec, &words);
    return st;
}
