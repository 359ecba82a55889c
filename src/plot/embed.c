/* Build tool: a file as a C array, with a 0 after it that ends a text. embed IN OUT NAME */
#include <stdio.h>

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    FILE *in = fopen(argv[1], "rb"), *out = in ? fopen(argv[2], "w") : NULL;
    if (!in || !out) {
        perror(in ? argv[2] : argv[1]);
        return 1;
    }
    fprintf(out, "extern const unsigned char %s[];\nconst unsigned char %s[] = {", argv[3], argv[3]);
    int c;
    for (long i = 0; (c = fgetc(in)) != EOF; i++)
        fprintf(out, "%s%d,", i % 20 ? "" : "\n", c);
    fprintf(out, "0\n};\n");
    return ferror(in) || fclose(out) != 0;
}
