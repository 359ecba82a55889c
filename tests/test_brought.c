/* Tables as people bring them: one small input or more for each way of writing one, with the right reading or the error
 * that says what is wrong where. All that are read hold the same three runs. */
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/file.h"
#include "fit/table.h"

#define ROWS "1e6,2e7,4.21\n4e6,2e7,4.02\n1.6e7,8e7,3.33\n"

enum { AS_IT_IS, GZIP, UTF16_LITTLE, UTF16_BIG };

struct brought {
    const char *what, *name, *text;
    const char *column, *scale, *y; /* NULL: not given */
    bool drop;
    int pack;
    const char *error;   /* NULL: it is read, as the three runs */
    const char *says[2]; /* among what was understood, notes and cautions */
};

static const struct brought all[] = {
    /* separators */
    {"commas", "t.csv", "params,tokens,loss\n" ROWS, .says = {"3 rows, 3 columns, commas", "column 3 'loss': loss, in nats"}},
    {"semicolons, decimal commas", "t.csv", "params;tokens;loss\n1e6;2e7;4,21\n4e6;2e7;4,02\n1,6e7;8e7;3,33\n",
     .says = {"decimal commas"}},
    {"tabs", "t.tsv", "params\ttokens\tloss\n1e6\t2e7\t4.21\n4e6\t2e7\t4.02\n16e6\t8e7\t3.33\n", .says = {"tabs between"}},
    {"tabs, decimal commas", "t.txt", "params\ttokens\tloss\n1e6\t2e7\t4,21\n4e6\t2e7\t4,02\n16e6\t8e7\t3,33\n",
     .says = {"decimal commas"}},
    {"Excel in German", "t.csv", "sep=;\r\nParameter;Tokens;Loss\r\n1.000.000;20.000.000;4,21\r\n"
     "4.000.000;20.000.000;4,02\r\n16.000.000;80.000.000;3,33\r\n",
     .column = "params=Parameter"},
    {"a thousand among millions", "t.csv", "N;D;Loss\n1.000.000;20.000.000;4,210\n4.000.000;20.000.000;4,020\n"
     "16.000.000;80.000.000;3,330\n", .y = NULL},
    {"blanks, as pandas prints", "t.txt", "     params    tokens  loss\n0   1000000  20000000  4.21\n"
     "1   4000000  20000000  4.02\n2  16000000  80000000  3.33\n",
     .says = {"blanks between"}},
    {"R's row names", "t.csv", "\"params\",\"tokens\",\"loss\"\n\"1\",1e6,2e7,4.21\n\"2\",4e6,2e7,4.02\n"
     "\"3\",1.6e7,8e7,3.33\n", .y = NULL},
    {"a comma too many", "t.csv", "params,tokens,loss\n1,000,000,2e7,4.21\n",
     .error = "t.csv:2: 5 fields, but the header has 3 columns (numbers with commas stand in quotes"},
    {"half a number", "t.csv", "params,tokens,loss\n1,500,2e7,4.21\n4,500,2e7,4.02\n", .error = "t.csv:3: 4 fields"},
    /* packed */
    {"csv.gz", "t.csv.gz", "params,tokens,loss\n" ROWS, .pack = GZIP},
    {"jsonl.gz", "t.jsonl.gz", "{\"N\":1e6,\"D\":2e7,\"loss\":4.21}\n{\"N\":4e6,\"D\":2e7,\"loss\":4.02}\n"
     "{\"N\":16e6,\"D\":8e7,\"loss\":3.33}\n", .pack = GZIP},
    /* JSON */
    {"lines, missing keys", "t.jsonl", "{\"params\":1e6,\"tokens\":2e7,\"loss\":4.21,\"seed\":1}\n"
     "{\"params\":4e6,\"tokens\":2e7,\"loss\":4.02}\n"
                                       "{\"loss\":3.33,\"tokens\":8e7,\"params\":16e6,\"note\":\"x\"}\n", .says = {"JSON"}},
    {"nested, lists are none", "t.json",
     "[{\"model\":{\"n_params\":1e6},\"train\":{\"lr\":1,\"tokens\":2e7,\"curve\":[9,8]},\"val\":{\"loss\":4.21}},"
     "{\"model\":{\"n_params\":4e6},\"train\":{\"lr\":1,\"tokens\":2e7},\"val\":{\"loss\":4.02}},"
     "{\"model\":{\"n_params\":16e6},\"train\":{\"lr\":1,\"tokens\":8e7},\"val\":{\"loss\":3.33}}]",
     .says = {"'train.tokens': tokens"}},
    {"orient records", "t.json",
     "[{\"params\":1000000,\"tokens\":20000000,\"loss\":4.21},{\"params\":4000000,\"tokens\":20000000,\"loss\":4.02},"
                                 "{\"params\":16000000,\"tokens\":80000000,\"loss\":3.33}]", .y = NULL},
    {"orient columns", "t.json",
     "{\"params\":{\"0\":1e6,\"1\":4e6,\"2\":16e6},\"tokens\":{\"0\":2e7,\"1\":2e7,\"2\":8e7},"
     "\"loss\":{\"0\":4.21,\"1\":4.02,\"2\":3.33}}",
     .y = NULL},
    {"orient index", "t.json",
     "{\"0\":{\"params\":1e6,\"tokens\":2e7,\"loss\":4.21},\"1\":{\"params\":4e6,\"tokens\":2e7,\"loss\":4.02},"
                               "\"2\":{\"params\":16e6,\"tokens\":8e7,\"loss\":3.33}}", .says = {"'run': run"}},
    {"orient split", "t.json",
     "{\"columns\":[\"params\",\"tokens\",\"loss\"],\"index\":[0,1,2],\"data\":[[1e6,2e7,4.21],[4e6,2e7,4.02],[16e6,8e7,3.33]]}",
     .y = NULL},
    {"orient table", "t.json",
     "{\"schema\":{\"fields\":[{\"name\":\"loss\"}]},\"data\":[{\"params\":1e6,\"tokens\":2e7,\"loss\":4.21},"
                               "{\"params\":4e6,\"tokens\":2e7,\"loss\":4.02},{\"params\":16e6,\"tokens\":8e7,\"loss\":3.33}]}",
     .y = NULL},
    {"orient values", "t.json", "[[1e6,2e7,4.21],[4e6,2e7,4.02]]", .error = "t.json: rows without names"},
    {"names, then rows", "t.json", "[[\"params\",\"tokens\",\"loss\"],[1e6,2e7,4.21],[4e6,2e7,4.02],[16e6,8e7,3.33]]",
     .y = NULL},
    {"polars", "t.json",
     "{\"columns\":[{\"name\":\"params\",\"values\":[1e6,4e6,16e6]},{\"name\":\"tokens\",\"values\":[2e7,2e7,8e7]},"
                         "{\"name\":\"loss\",\"values\":[4.21,4.02,3.33]}]}", .y = NULL},
    {"sizes in words", "t.json",
     "[{\"params\":\"1M\",\"tokens\":\"20M\",\"loss\":4.21},{\"params\":\"4M\",\"tokens\":\"0.02B\",\"loss\":4.02},"
                                 "{\"params\":\"16M\",\"tokens\":\"80M\",\"loss\":3.33}]", .y = NULL},
    /* Markdown and LaTeX */
    {"Markdown", "t.md", "| **Params** | Tokens | Loss |\n|:---|---:|:-:|\n| 1M | 20M | **4.21** |\n"
     "| 4M | 20M | `4.02` |\n| 16M | 80M | 3.33 |\n", .says = {"bars"}},
    {"Markdown among text", "t.md", "# Results\n\nTable 3, as it was.\n\nParams | Tokens | Loss\n---|---|---\n"
     "1M | 20M | 4.21\n4M | 20M | 4.02\n16M | 80M | 3.33\n\nThe end.\n", .y = NULL},
    {"two Markdown tables", "t.md", "a | loss\n-|-\n1 | 2\n\ntext\n\nb | loss\n-|-\n1 | 2\n",
     .error = "t.md: 2 tables, the first at line 1, the next at line 7"},
    {"a grid of lines", "t.txt", "+--------+--------+------+\n| params | tokens | loss |\n+========+========+======+\n"
     "| 1e6 | 2e7 | 4.21 |\n+--------+--------+------+\n"
                                 "| 4e6 | 2e7 | 4.02 |\n+--------+--------+------+\n| 16e6 | 8e7 | 3.33 |\n"
     "+--------+--------+------+\n", .y = NULL},
    {"LaTeX", "t.tex", "\\begin{table}\\centering\n\\begin{tabular}{lrr} % of the runs\n\\toprule\n"
     "\\textbf{Params} & Tokens & Val.\\ Loss \\\\\n\\midrule\n"
                       "1M & $2 \\times 10^{7}$ & 4.21 \\\\\n4M & 20\\,000\\,000 & $\\mathbf{4.02}$ \\\\[2pt]\n"
     "16M & 80{,}000{,}000 & 3.33 $\\pm$ 0.01 \\\\\n"
                       "\\bottomrule\n\\end{tabular}\n\\end{table}\n", .says = {"LaTeX", "plus-minus is not used"}},
    {"LaTeX, decimal commas", "t.tex", "N & D & loss \\\\ \\hline\n1e6 & 2e7 & 4{,}21 \\\\\n4e6 & 2e7 & 4,02 \\\\\n"
     "16e6 & 8e7 & 3,33\n", .says = {"decimal commas"}},
    {"LaTeX, rows that end early", "t.tex", "N & D & loss & note & by \\\\ \\hline\n1e6 & 2e7 & 4.21 \\\\\n"
     "4e6 & 2e7 & 4.02 & x \\\\\n16e6 & 8e7 & 3.33 & & y\n", .y = NULL},
    {"LaTeX rows alone", "t.txt", "N & D & loss \\\\ \\hline\n1e6 & 2e7 & 4.21 \\\\\n4e6 & 2e7 & 4.02 \\\\\n"
     "16e6 & 8e7 & 3.33\n", .y = NULL},
    /* numbers */
    {"1,234,567 in quotes", "t.csv", "params,tokens,loss\n\"1,000,000\",2e7,4.21\n\"4,000,000\",\"20,000,000\",4.02\n"
     "\"16,000,000\",8e7,3.33\n", .y = NULL},
    {"70M, 1.4B, nouns", "t.csv", "params,tokens,loss\n1M params,20 M tokens,4.21\n0.004B,20 million,4.02\n16m,~80M,3.33\n",
     .y = NULL},
    {"papers' powers", "t.csv", "params,tokens,loss\n10^6,2 x 10^7,4.21\n4\xc3\x97" "10\xe2\x81\xb6,2e7,4.02\n"
     "1.6*10**7,8\xc2\xb7" "10^7,3.33\n", .y = NULL},
    {"grouped by blanks", "t.csv", "params,tokens,loss\n1 000 000,20'000'000,4.21\n"
     "4\xc2\xa0" "000\xc2\xa0" "000,2e7,4.02\n16_000_000,8e7,3.33\n", .y = NULL},
    {"plus-minus", "t.csv", "params,tokens,loss\n1e6,2e7,4.21 \xc2\xb1 0.02\n4e6,2e7,4.02+/-0.01\n16e6,8e7,3.33\n",
     .says = {"plus-minus is not used"}},
    {"units in names", "t.csv", "Params (M),Tokens [B],Loss\n1,.02,4.21\n4,.02,4.02\n16,.08,3.33\n",
     .says = {"params, times 1e+06"}},
    {"units in names, in words", "t.csv", "params_millions,Tokens in B,Loss\n1,.02,4.21\n4,.02,4.02\n16,.08,3.33\n",
     .y = NULL},
    {"PF-days", "t.csv", "params,Compute (PF-days),loss\n1e6,1.388888888888889e-6,4.21\n4e6,5.555555555555556e-6,4.02\n"
     "16e6,8.888888888888889e-5,3.33\n",
     .says = {"flops, times 8.64e+19"}},
    {"PF-days in cells", "t.csv", "params,compute,loss\n1e6,1.388888888888889e-6 PF-days,4.21\n"
     "4e6,5.555555555555556e-6 PF-days,4.02\n16e6,7.68e15 FLOP,3.33\n", .y = NULL},
    {"ZFLOP", "t.csv", "params,Training compute (ZFLOP),loss\n1e6,1.2e-7,4.21\n4e6,4.8e-7,4.02\n16e6,7.68e-6,3.33\n",
     .says = {"times 1e+21"}},
    {"a point or a thousand", "t.csv", "N;D;loss\n1,000;2,000;3,330\n4,000;2,000;3,210\n",
     .error = "t.csv:2:1: column N: '1,000' may be a thousand and more, or a number with three decimals"},
    {"millions, or not", "t.csv", "params,tokens,loss\n1,2e10,4.21\n4,2e10,4.02\n",
     .error = "--scale params=1e6 says millions, --scale params=1 takes"},
    {"millions, settled", "t.csv", "params,tokens,loss\n1,2e7,4.21\n4,2e7,4.02\n16,8e7,3.33\n", .scale = "params=1e6"},
    {"billions, settled", "t.csv", "params,tokens,loss\n1e6,.02,4.21\n4e6,.02,4.02\n16e6,.08,3.33\n", .scale = "tokens=B"},
    /* names */
    {"Model Size, Training FLOP", "t.csv", "Model Size,Training FLOP,Val Loss\n1e6,1.2e14,4.21\n4e6,4.8e14,4.02\n"
     "16e6,7.68e15,3.33\n", .y = NULL},
    {"N (non-emb), D (tokens)", "t.csv", "N (non-emb),D (tokens),Val Loss\n" ROWS, .says = {"'N (non-emb)': params_nonembd"}},
    {"n_params", "t.csv", "n_params,n_tokens,Eval Loss\n" ROWS, .y = NULL},
    {"total and active", "t.csv", "params_active,total_params,tokens,val/loss\n5e5,1e6,2e7,4.21\n2e6,4e6,2e7,4.02\n"
     "8e6,16e6,8e7,3.33\n", .says = {"'total_params': params, rather than 'params_active'"}},
    {"active alone", "t.csv", "Params (active),tokens,lm_loss\n" ROWS, .y = NULL},
    {"params_active", "t.csv", "params_active,tokens,lm_loss\n" ROWS, .y = NULL},
    {"non_embedding_params", "t.csv", "non_embedding_params,tokens,val_bpc\n" ROWS, .says = {"loss, in bits per character"}},
    {"train beside validation", "t.csv", "params,tokens,train_loss,validation_loss\n1e6,2e7,3,4.21\n4e6,2e7,3,4.02\n"
     "16e6,8e7,3,3.33\n",
     .says = {"'validation_loss': loss, in nats, rather than 'train_loss'", "train_loss stands beside it"}},
    {"validation before test", "t.csv", "params,tokens,test_loss,Val Loss\n1e6,2e7,3,4.21\n4e6,2e7,3,4.02\n"
     "16e6,8e7,3,3.33\n", .says = {"rather than 'test_loss'"}},
    {"OLMo ladder", "t.csv",
     "throughput/total_tokens,num_params,train/CrossEntropyLoss,eval/c4_en-validation/CrossEntropyLoss\n2e7,1e6,3,4.21\n"
     "2e7,4e6,3,4.02\n8e7,16e6,3,3.33\n", .y = NULL},
    {"marin", "t.csv", "run,model.params,throughput/total_tokens,eval/paloma/c4_en/bpb,eval/loss\na,1e6,2e7,1,4.21\n"
     "b,4e6,2e7,1,4.02\nc,16e6,8e7,1,3.33\n", .y = NULL},
    {"nanochat", "t.csv", "flops_budget,depth,model_dim,params_total,num_iterations,tokens_trained,val_bpb,core_score\n"
     "1.2e14,2,128,1e6,10,2e7,4.21,0.1\n"
                          "4.8e14,4,256,4e6,10,2e7,4.02,0.1\n7.68e15,6,384,16e6,10,8e7,3.33,0.1\n",
     .says = {"bits per byte"}},
    {"two of one rank", "t.csv", "params,tokens,eval/c4/loss,eval/pile/loss\n1e6,2e7,4.21,3\n4e6,2e7,4.02,3\n",
     .error = "t.csv: "
     "loss may be column 3, eval/c4/loss, or column 4, eval/pile/loss, which hold other values: --column loss=NAME"},
    {"two of one rank, settled", "t.csv", "params,tokens,eval/c4/loss,eval/pile/loss\n1e6,2e7,4.21,3\n4e6,2e7,4.02,3\n"
     "16e6,8e7,3.33,3\n", .column = "loss=eval/c4/loss"},
    {"two sizes", "t.csv", "params,n_params,tokens,loss\n1e6,2e6,2e7,4.21\n",
     .error = "params may be column 1, params, or column 2, n_params"},
    {"--column with blanks", "t.csv", "params,tokens,Eval Loss,loss\n1e6,2e7,4.21,3\n4e6,2e7,4.02,3\n16e6,8e7,3.33,3\n",
     .column = "loss=Eval Loss"},
    {"L is layers", "t.csv", "L,N,D,d,loss\n2,1e6,2e7,64,4.21\n4,4e6,2e7,128,4.02\n6,1.6e7,8e7,256,3.33\n",
     .says = {"'N': params", "'D': tokens, rather than 'd'"}},
    {"letters are shapes", "t.csv", "N,D,L,params,tokens,loss\n2,64,2,1e6,2e7,4.21\n4,128,4,4e6,2e7,4.02\n"
     "6,256,6,16e6,8e7,3.33\n", .y = NULL},
    {"L is the loss", "t.csv", "N,D,L\n" ROWS, .says = {"'L': loss"}},
    {"small letters", "t.csv", "n,d,l\n" ROWS, .y = NULL},
    {"twice one name", "t.csv", "params,tokens,loss,note,note\n1e6,2e7,4.21,a,b\n4e6,2e7,4.02,,\n1.6e7,8e7,3.33,c,\n",
     .y = NULL},
    {"twice the loss", "t.csv", "params,tokens,loss,loss\n1e6,2e7,4.21,3\n4e6,2e7,4.02,4\n",
     .error = "loss may be column 3, loss, or column 4, loss (column 4)"},
    {"no header", "t.csv", ROWS, .error = "t.csv:1: numbers where the names of the columns should stand"},
    /* exports */
    {"W&B", "t.csv",
     "\"Name\",\"State\",\"Notes\",\"Runtime\",\"_step\",\"config.n_params\",\"config.tokens\",\"eval/loss\"\n"
                     "\"a\",\"finished\",\"\",\"10\",\"99\",\"1000000\",\"20000000\",\"4.21\"\n"
     "\"b\",\"crashed\",\"\",\"10\",\"9\",\"1000000\",\"20000000\",\"\"\n"
                     "\"c\",\"finished\",\"two\nlines\",\"10\",\"99\",\"4000000\",\"20000000\",\"4.02\"\n"
     "\"d\",\"running\",\"\",\"10\",\"9\",\"1000000\",\"20000000\",\"6\"\n"
                     "\"e\",\"killed\",\"\",\"10\",\"9\",\"1000000\",\"20000000\",\"NaN\"\n"
     "\"f\",\"finished\",\"\",\"10\",\"99\",\"16000000\",\"80000000\",\"3.33\"\n",
     .says = {"1 run is not finished", "'Name': run"}},
    {"MLflow", "t.csv",
     "run_id,experiment_id,status,artifact_uri,metrics.val_loss,metrics.train_loss,params.lr,params.model_size,params.tokens\n"
                        "a,0,FINISHED,s3://x,4.21,3,.1,1000000,20000000\nb,0,FAILED,s3://x,,,.1,1000000,20000000\n"
     "c,0,FINISHED,s3://x,4.02,3,.1,4e6,2e7\nd,0,FINISHED,s3://x,3.33,3,.1,16e6,8e7\n", .y = NULL},
    {"pandas' index", "t.csv", ",params,tokens,loss\n0,1e6,2e7,4.21\n1,4e6,2e7,4.02\n2,1.6e7,8e7,3.33\n",
     .says = {"column 1 'column 1': not used"}},
    {"text beside", "t.csv", "model,params,tokens,loss,notes\ngpt,1e6,2e7,4.21,\"first, of \"\"three\"\"\"\n"
     "gpt,4e6,2e7,4.02,\ngpt,1.6e7,8e7,3.33,x\n", .y = NULL},
    {"marks, CRLF and a trailing comma", "t.csv", "\xef\xbb\xbfparams,tokens,loss,\r\n1e6,2e7,4.21,\r\n4e6,2e7,4.02,\r\n"
     "1.6e7,8e7,3.33,\r\n\r\n", .y = NULL},
    {"UTF-16, as Excel's Unicode text", "t.txt", "params\ttokens\tloss\r\n1e6\t2e7\t4.21\r\n4e6\t2e7\t4.02\r\n"
     "16e6\t8e7\t3.33\r\n", .pack = UTF16_LITTLE},
    {"UTF-16, the other end first", "t.csv", "params,tokens,loss\n" ROWS, .pack = UTF16_BIG},
    {"comments", "t.csv", "# of the runs\n# in June\nparams,tokens,loss\n1e6,2e7,4.21\n# 9e6,2e7,9\n4e6,2e7,4.02\n"
     "1.6e7,8e7,3.33\n", .says = {"3 lines of comment"}},
    {"names in a comment", "t.txt", "# params tokens loss\n1e6 2e7 4.21\n4e6 2e7 4.02\n16e6 8e7 3.33\n", .y = NULL},
    {"a number sign in names", "t.csv", "# params,# tokens,loss\n" ROWS, .y = NULL},
    {"a blank before a quote", "t.csv", "params, tokens, loss\n1e6, \"20,000,000\", 4.21\n4e6, 2e7, 4.02\n"
     "1.6e7, 8e7, 3.33\n", .y = NULL},
    {"a title", "t.csv", "Table of runs\n\nparams,tokens,loss\n" ROWS,
     .error = "t.csv:3: 3 fields, but the header has 1 column (a title above"},
    /* what is missing */
    {"a blank loss", "t.csv", "params,tokens,loss\n1e6,2e7,4.21\n4e6,2e7,\n",
     .error = "t.csv:3: column loss is blank: --drop-missing"},
    {"NaN", "t.csv", "params,tokens,loss\n1e6,2e7,4.21\n4e6,2e7,NaN\n",
     .error = "t.csv:3: column loss holds no number but 'NaN'"},
    {"a blank size", "t.csv", "params,tokens,loss\n1e6,2e7,4.21\n,2e7,4\n", .error = "t.csv:3: column params is blank"},
    {"dropped and counted", "t.csv", "params,tokens,loss\n1e6,2e7,4.21\n9e6,2e7,\n4e6,2e7,4.02\n9e6,2e7,nan\n,2e7,4\n"
     "1.6e7,8e7,3.33\n", .drop = true,
     .says = {"2 rows without a loss are left out (lines 3, 5)", "(line 6)"}},
    {"a key that is not there", "t.jsonl", "{\"params\":1e6,\"tokens\":2e7,\"loss\":4.21}\n"
     "{\"params\":4e6,\"tokens\":2e7}\n", .error = "t.jsonl:2: column loss is blank"},
    /* what is no table */
    {"Parquet", "t.parquet", "PAR1\x15\x04\x15",
     .error = "t.parquet: this is Parquet, which is not read here; as CSV it is: python3"},
    {"Parquet by another name", "t.csv", "PAR1....", .error = "duckdb"},
    {"xlsx", "t.xlsx", "PK\x03\x04.....xl/workbook.xml",
     .error = "an Excel workbook (xlsx), which is not read here: open it and save it as CSV"},
    {"zip", "t.zip", "PK\x03\x04.....t.csv", .error = "a zip archive: unpack it"},
    {"xls", "t.xls", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1...", .error = "an old Excel workbook"},
    {"cut off", "t.csv.gz", "\x1f\x8b\x08", .error = "t.csv.gz: the gzip data end early"},
    {"damaged", "t.csv.gz", "\x1f\x8b\x09 and so on", .error = "t.csv.gz: byte "},
    {"perplexity", "t.csv", "params,tokens,ppl\n1e6,2e7,67.35653981011657\n4e6,2e7,55.70110582679559\n"
     "1.6e7,8e7,27.938341703236507\n", .says = {"as its logarithm in nats"}},
    {"--y bpb", "t.csv", "params,tokens,loss,val_bpb\n1e6,2e7,9,4.21\n4e6,2e7,9,4.02\n1.6e7,8e7,9,3.33\n",
     .y = "val_bpb", .says = {"in bits per byte"}},
};

/* What the file holds; the caller frees it. */
static char *packed(size_t *size, const struct brought *b)
{
    size_t n = strlen(b->text);
    char *out = malloc(3 * n + 100);
    *size = n;
    if (!out)
        abort();
    memcpy(out, b->text, n + 1);
    if (b->pack == GZIP) {
        z_stream z = {.next_in = (Bytef *)out, .avail_in = (uInt)n, .avail_out = (uInt)(2 * n + 90)};
        char *plain = out;
        z.next_out = (Bytef *)(out = malloc(3 * n + 100));
        if (deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK || deflate(&z, Z_FINISH) != Z_STREAM_END)
            abort();
        *size = z.total_out;
        deflateEnd(&z);
        free(plain);
    } else if (b->pack != AS_IT_IS) {
        bool big = b->pack == UTF16_BIG;
        out[0] = big ? '\xfe' : '\xff';
        out[1] = big ? '\xff' : '\xfe';
        for (size_t i = 0; i < n; i++) {
            out[2 + 2 * i + big] = b->text[i];
            out[3 + 2 * i - big] = '\0';
        }
        *size = 2 + 2 * n;
    }
    return out;
}

static bool among(const struct fit_lines *lines, const char *text)
{
    for (size_t i = 0; i < lines->n; i++)
        if (strstr(lines->text[i], text))
            return true;
    return false;
}

static void expect_three(const struct fit_table *t, const char *what)
{
    static const double want[3][3] = {{1e6, 2e7, 4.21}, {4e6, 2e7, 4.02}, {1.6e7, 8e7, 3.33}};
    static const enum fit_column cols[3] = {FIT_PARAMS, FIT_TOKENS, FIT_LOSS};
    EXPECT_MSG(t->n == 3, "%s: %zu rows", what, t->n);
    for (size_t i = 0; i < 3 && t->n == 3; i++)
        for (size_t k = 0; k < 3; k++)
            EXPECT_MSG(fabs(t->col[cols[k]][i] / want[i][k] - 1) <= 1e-12, "%s, row %zu, %zu: %.17g, want %.17g", what, i, k,
                       t->col[cols[k]][i], want[i][k]);
}

static void each(void)
{
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const struct brought *b = &all[i];
        const struct fit_read_options opt = {.column = &b->column, .n_column = b->column != NULL, .scale = &b->scale,
                                             .n_scale = b->scale != NULL, .y = b->y, .drop_missing = b->drop};
        struct err err = {0};
        struct fit_table t;
        size_t size;
        char *text = packed(&size, b);
        enum status st = fit_table_read_text(&t, b->name, text, size, &opt, &err);
        if (b->error) {
            EXPECT_MSG(st == E_DATA && strstr(err.msg, b->error), "%s: status %d, %s", b->what, (int)st, err.msg);
        } else {
            EXPECT_MSG(st == OK, "%s: %s", b->what, err.msg);
            expect_three(&t, b->what);
            for (size_t k = 0; k < 2 && b->says[k]; k++)
                EXPECT_MSG(among(&t.understood, b->says[k]) || among(&t.notes, b->says[k]) || among(&t.careful, b->says[k]),
                           "%s: nothing says '%s'", b->what, b->says[k]);
        }
        fit_table_free(&t);
        free(text);
    }
}

/* Zeros pack a thousandfold: no more memory than the limit, and a word. */
static void bomb(void)
{
    enum { N = 32 << 20 };
    char *zeros = calloc(1, N), *out = malloc(N / 100);
    z_stream z = {.next_in = (Bytef *)zeros, .avail_in = N, .next_out = (Bytef *)out, .avail_out = N / 100};
    struct err err = {0};
    struct fit_table t;
    const struct fit_read_options opt = {.count = FIT_COUNT_TOTAL};
    EXPECT(zeros && out && deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK &&
           deflate(&z, Z_FINISH) == Z_STREAM_END);
    EXPECT_ERR(fit_table_read_text(&t, "t.csv.gz", out, z.total_out, &opt, &err), E_DATA,
     "unpacks to more than 200 times its size");
    fit_table_free(&t);
    deflateEnd(&z);
    free(zeros);
    free(out);
}

/* Checkpoints of one run are one trunk, by whatever name. */
static void trunks(void)
{
    static const char *const names[] = {"run", "run_id", "name", "Name"};
    for (size_t i = 0; i < 4; i++) {
        char text[300];
        struct err err = {0};
        struct fit_table t;
        const struct fit_read_options opt = {.count = FIT_COUNT_TOTAL};
        snprintf(text, sizeof text, "%s,_step,params,tokens,loss\na,1,1e6,2e7,4\na,2,1e6,3e7,3.5\nb,1,2e6,2e7,3.9\n"
     "b,2,2e6,3e7,3.4\nc,1,3e6,2e7,3\n", names[i]);
        EXPECT_OK(fit_table_read_text(&t, "t.csv", text, strlen(text), &opt, &err));
        EXPECT_MSG(t.n == 5 && t.n_trunks == 3, "%s: %zu trunks", names[i], t.n_trunks);
        fit_table_free(&t);
    }
}

int main(int argc, char **argv)
{
    static const struct test tests[] = {{"each", each}, {"bomb", bomb}, {"trunks", trunks}};
    return test_main(argc, argv, tests, sizeof tests / sizeof *tests);
}
