#include "model/first.h"

void first_tensors(struct tensors *t, const struct gpt_shape *s)
{
    size_t C = s->C;
    const struct {
        const char *name;
        bool outside;
        size_t rows, cols;
    } list[] = {{"wte", true, s->V, C},        {"wpe", true, s->T, C},      {"ln1w", false, 1, C},       {"ln1b", false, 1, C},
                {"qkvw", false, C, 3 * C},     {"qkvb", false, 1, 3 * C},   {"attw", false, C, C},       {"attb", false, 1, C},
                {"ln2w", false, 1, C},         {"ln2b", false, 1, C},       {"upw", false, C, 4 * C},    {"upb", false, 1, 4 * C},
                {"downw", false, 4 * C, C},    {"downb", false, 1, C},      {"lnfw", true, 1, C},        {"lnfb", true, 1, C}};
    *t = (struct tensors){.L = s->L};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        tensors_add(t, list[i].name, list[i].outside ? TENSOR_OUTSIDE : 0, list[i].rows, list[i].cols, PARAM_HIDDEN, false);
}
