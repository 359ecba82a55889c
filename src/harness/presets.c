#include "harness/presets.h"

enum { SETTINGS_MAX = 14 };

/* Learning rates, schedules and sizes are not an architecture: they stay as they are. */
static const char *const gpt2[SETTINGS_MAX] = {NULL};

static const char *const llama[SETTINGS_MAX] = {
    "model.norm=rmsnorm", "model.position=rope", "model.mlp=swiglu", "model.bias=false", "model.tied=false",
};

/* A window of 4096 tokens in three layers of four, as long as the contexts here or longer in most of them. */
static const char *const olmo3[SETTINGS_MAX] = {
    "model.norm=rmsnorm", "model.norm_place=after", "model.position=rope",   "model.rope_base=500000",
    "model.mlp=swiglu",   "model.bias=false",       "model.qk_norm=true",    "model.qk_norm_all=true",
    "model.tied=false",   "model.window=4096",      "model.window_full=4",
};

/* Its source (init_weights of nanochat/gpt.py) zeroes lm_head, too. The row came before model.zero_head, and runs that were made
 * by it keep their bytes and their names. */
static const char *const nanochat[SETTINGS_MAX] = {
    "model.norm=rmsnorm", "model.norm_gain=false", "model.norm_embed=true", "model.position=rope", "model.mlp=relu2",
    "model.bias=false",   "model.qk_norm=true",    "model.tied=false",      "model.softcap=15",    "model.zero_init=true",
};

#define X(name, source) name,
static const char *const *const rows[] = {PRESETS(X)};
#undef X

const char *preset_setting(size_t preset, size_t i)
{
    return i < SETTINGS_MAX ? rows[preset][i] : NULL;
}
