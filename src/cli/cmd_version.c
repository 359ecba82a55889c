#include <stdio.h>

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
    printf("; this CPU uses %s\n", kern_isa_name(kern_isa_best()));
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
}

enum status cmd_version(int argc, char **argv, struct err *err)
{
    const struct args_spec spec = {.command = "version",
                                   .positionals = "",
                                   .summary = "Print the version, the commit and the compiler that it was built from and with, "
                                              "the kernels in it and those that this CPU can use."};
    struct arg_list words;
    bool help;
    TRY(args_parse(&spec, &words, &help, argc, argv, err));
    if (!help)
        print_version();
    args_free(&spec, &words);
    return OK;
}
