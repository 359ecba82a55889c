#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_check.h"
#include "base/utf8.h"

/* Every text on guard of its own: exactly its bytes, without a '\0' after. */
static enum status check(const char *text, size_t n, struct err *err)
{
    char *copy = malloc(n + !n);
    memcpy(copy, text, n);
    enum status st = json_check(copy, n, E_DATA, err);
    free(copy);
    return st;
}

static void valid(void)
{
    static const char *const texts[] = {
        "{}", "[]", " \t\r\n{ } \n", "null", "true", "-0", "0", "10", "-1.5e-7", "1E+2", "0.25", "\"\"",
        "[1, [2, [3, {\"a\": {\"b\": []}}]]]", "{\"a\": 1, \"b\": {\"a\": 1}}", "[{\"a\": 1}, {\"a\": 2}]",
        "\"\\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u00e9 \\uD83D\\uDE00\"", "\"// no comment\"", "\"[1,]\"",
        "\xEF\xBB\xBF{\"a\": 1}", "\"\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\"", "\"\x7F\"", "1e308",
        "{\"a\": 1, \"A\": 2, \"\": 3, \"aa\": 4, \"\\u0041A\": 5}", "1e-999",
    };
    struct err err;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        EXPECT_MSG(check(texts[i], strlen(texts[i]), &err) == OK, "'%s': %s", texts[i], err.msg);
}

static void invalid(void)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        {"", "line 1 column 1: not valid JSON: the text ends"},
        {"{", "a key in double quotes"},
        {"[1", "a comma or ]"},
        {"{\"a\"", "a colon"},
        {"{\"a\":", "a value"},
        {"{\"a\" 1}", "'1' where a colon is expected"},
        {"{} x", "column 4: not valid JSON: 'x' where the end of the text"},
        {"{}{}", "the end of the text"},
        {"[1]]", "the end of the text"},
        {"[1 2]", "'2' where a comma or ]"},
        {"[1}", "'}' where a comma or ]"},
        {"[,1]", "',' where a value"},
        {"[1,]", "column 3: not valid JSON: a comma before the closing ]"},
        {"{\"a\": 1,\n}", "line 1 column 8: not valid JSON: a comma before the closing }"},
        {"{\n// why\n\"a\": 1}", "line 2 column 1: JSON has no comments: take out what begins with '//'"},
        {"{\"a\": 1 /* why */}", "column 9: JSON has no comments: take out what begins with '/*'"},
        {"{\"a\": # why\n1}", "no comments"},
        {"{} // end", "no comments"},
        {"032", "'032' begins with 0"},
        {"-01", "begins with 0"},
        {"00", "begins with 0"},
        {"[0.5, 5.]", "column 7: not valid JSON: the number '5.' has no digit after the point"},
        {"5.e3", "no digit after the point"},
        {".5", "'.5' has no digit before the point"},
        {"-.5", "no digit before the point"},
        {"+1", "plus sign"},
        {"1e", "'1e'"},
        {"1e+", "'1e+'"},
        {"1.5.2", "'1.5.2'"},
        {"-", "'-'"},
        {"--1", "'--1'"},
        {"1k", "'1k' is none that JSON knows (text stands in double quotes)"},
        {"1_000", "'1_000'"},
        {"0x10", "'0x10' is hexadecimal"},
        {"-0X1p3", "hexadecimal"},
        {"NaN", "no such number"},
        {"nan", "no such number"},
        {"Infinity", "no such number"},
        {"-Infinity", "'-Infinity'"},
        {"1e999", "too large"},
        {"-1e999", "too large"},
        {"True", "JSON writes true"},
        {"None", "JSON writes null"},
        {"nul", "'nul'"},
        {"truex", "'truex'"},
        {"{a: 1}", "the key a stands in double quotes"},
        {"{'a': 1}", "double quotes"},
        {"{1: 1}", "the key 1 stands in double quotes"},
        {"'a'", "double quotes"},
        {"\"a", "does not end"},
        {"\"a\n\"", "does not end on its line"},
        {"\"a\tb\"", "control character (byte 0x09)"},
        {"\"\\x41\"", "backslash"},
        {"\"\\", "within a string"},
        {"\"\\u12\"", "four hexadecimal digits"},
        {"\"\\u12g4\"", "four hexadecimal digits"},
        {"\"a\\u0000b\"", "\\u0000"},
        {"{\"a\\u0000b\": 1}", "\\u0000"},
        {"\"\\uD800\"", "surrogate"},
        {"\"\\uDC00\"", "surrogate"},
        {"\"\\uD800\\u0041\"", "surrogate"},
        {"\"\\uD800\\n\"", "surrogate"},
        {"\x01", "byte 0x01"},
        {"{\"a\": 1, \"a\": 2}", "column 10: key 'a' is given twice"},
        {"{\"a\": 1, \"b\": 2,\n \"a\": 3, \"b\": 4}", "line 2 column 2: key 'a' is given twice"},
        {"{\"ab\": 1, \"\\u0061b\": 2}", "column 11: key"},
        {"{\"\xF0\x9F\x98\x80\": 1, \"\\ud83d\\ude00\": 2}", "is given twice"},
        {"{\"\xC3\xA9\": 1, \"\\u00E9\": 2}", "column 10: key"},
        {"{\"\\n\": 1, \"\\u000a\": 2}", "is given twice"},
        {"{\"a\": {\"b\": [1, {\"c\": 1, \"d\": 2, \"c\": 3}]}}", "key 'a.b.c' is given twice"},
        {"{\"a\": {}, \"b\": {}, \"a\": {}}", "key 'a' is given twice"},
        {"[{\"x\": 1, \"x\": 1}]", "key 'x' is given twice"},
    };
    struct err err = {0};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        enum status st = check(bad[i].text, strlen(bad[i].text), &err);
        EXPECT_MSG(st == E_DATA, "taken: '%s'", bad[i].text);
        EXPECT_MSG(strncmp(err.msg, "line ", 5) == 0 && strstr(err.msg, bad[i].why), "'%s': '%s', expected '%s'",
                   bad[i].text, err.msg, bad[i].why);
        EXPECT_MSG(!strpbrk(err.msg, "\n\r\t"), "'%s': more than a line", bad[i].text);
    }
}

/* Bytes that are no text, inside a string, as a key and outside of both. */
static void bytes(void)
{
    static const struct {
        const char *text;
        size_t n;
    } bad[] = {
        {"\0", 1},       {"\x80", 1},         {"\xFF", 1},         {"\xC0\x80", 2},     {"\xC1\xBF", 2},
        {"\xC3", 1},     {"\xE0\x80\x80", 3}, {"\xE0\x9F\xBF", 3}, {"\xED\xA0\x80", 3}, {"\xED\xBF\xBF", 3},
        {"\xE2\x82", 2}, {"\xF0\x80\x80\x80", 4}, {"\xF0\x8F\xBF\xBF", 4}, {"\xF4\x90\x80\x80", 4},
        {"\xF5\x80\x80\x80", 4}, {"\xF0\x9F\x98", 3}, {"\xC3\x28", 2},
    };
    struct err err;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        static const char *const around[][2] = {{"{\"a\": \"", "\"}"}, {"{\"", "\": 1}"}, {"{}", ""}, {"{", "}"}};
        for (size_t j = 0; j < 4; j++) {
            char text[32];
            size_t a = strlen(around[j][0]), b = strlen(around[j][1]);
            memcpy(text, around[j][0], a);
            memcpy(text + a, bad[i].text, bad[i].n);
            memcpy(text + a + bad[i].n, around[j][1], b);
            EXPECT_ERR(check(text, a + bad[i].n + b, &err), E_DATA, bad[i].text[0] ? "not UTF-8" : "zero byte");
        }
    }
    EXPECT(utf8_length("\xF4\x8F\xBF\xBF", 4) == 4 && utf8_length("\xED\x9F\xBF", 3) == 3);
    EXPECT(utf8_length("a", 0) == 0 && utf8_length("\xEF\xBF\xBD", 2) == 0);
    EXPECT(utf8_is_plain("d\xC3\xA9mo 1") && utf8_is_plain("") && utf8_is_plain("\xC2\xA0"));
    EXPECT(!utf8_is_plain("a\nb") && !utf8_is_plain("a\x7F") && !utf8_is_plain("\xC2\x85") && !utf8_is_plain("a\xC3"));
    char line[] = "a\nb\xC3\xA9\xC3\x1B[1m\xC2\x85";
    utf8_make_plain(line);
    EXPECT_MSG(strcmp(line, "a?b\xC3\xA9??[1m??") == 0, "'%s'", line);
}

/* Deep nesting and long texts end in an answer, not in the stack or in minutes. */
static void large(void)
{
    enum { N = 1 << 20 };
    struct err err;
    char *text = malloc(16 * N);
    for (size_t kind = 0; kind < 2; kind++) {
        for (size_t i = 0; i < N; i++)
            memcpy(text + 5 * i, kind ? "{\"a\":" : "[[[[[", 5);
        EXPECT_ERR(check(text, 5 * N, &err), E_DATA, "more than 100 brackets");
    }
    for (size_t i = 0; i < 100; i++) {
        text[i] = '[';
        text[100 + i] = ']';
    }
    EXPECT_OK(check(text, 200, &err));
    size_t n = 0;
    text[n++] = '{';
    for (size_t i = 0; i < 200000; i++)
        n += (size_t)sprintf(text + n, "\"k%zu\":1,", i * 7919 % 200000);
    n += (size_t)sprintf(text + n, "\"k5\":1}");
    EXPECT_ERR(check(text, n, &err), E_DATA, "key 'k5' is given twice");
    text[n - 6] = 'x';
    EXPECT_OK(check(text, n, &err));
    memset(text, 'a', 1000);
    text[0] = '{', text[1] = '"';
    memcpy(text + 998, "\"}", 2);
    EXPECT(check(text, 1000, &err) == E_DATA && strlen(err.msg) < 200);
    free(text);
}

/* Every text cut short is refused without a read past its end (AddressSanitizer sees one). */
static void cut(void)
{
    static const char text[] = "{\"a\\u00e9\\ud83d\\ude00\": [1.5e-3, true, \"\xE2\x82\xAC\\n\"], \"b\": {\"c\": -0.5}}";
    struct err err;
    for (size_t n = 0; n + 1 < sizeof text; n++)
        EXPECT_MSG(check(text, n, &err) == E_DATA, "%zu bytes were taken", n);
    EXPECT_OK(check(text, sizeof text - 1, &err));
}

static void numbers(void)
{
    static const struct {
        const char *text;
        size_t n;
    } cases[] = {{"12k", 2}, {"032", 1}, {"5.", 1}, {".5", 0}, {"-", 0}, {"1e", 1}, {"1.5e3x", 5}, {"", 0}, {"-0.5", 4}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        EXPECT_MSG(json_check_number(cases[i].text, strlen(cases[i].text)) == cases[i].n, "'%s'", cases[i].text);
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {
        {"valid", valid}, {"invalid", invalid}, {"bytes", bytes}, {"large", large}, {"cut", cut}, {"numbers", numbers},
    };
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
