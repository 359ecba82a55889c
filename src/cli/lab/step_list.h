/* The steps, in their order: letter, function, what has to be done before, what it is called, and the question to think
 * about. */
#ifndef PLATEAU_CLI_LAB_STEP_LIST_H
#define PLATEAU_CLI_LAB_STEP_LIST_H

/* clang-format off */
#define LAB_STEPS(X) \
    X(a, machine, "", "This machine's FLOPs in five minutes", \
      "Training reaches a share of the peak that the cores could do. Where does the rest go, and why does the share grow with " \
      "the width of the model?") \
    X(b, flops, "a", "FLOPs per token against size, exact and 6N", \
      "At which size is 6N off by more than a twentieth, and in which direction? What does that do to an exponent that is fitted " \
      "to small models?") \
    X(c, rates, "a", "Learning-rate bowls and the law lr*(C)", \
      "How much loss does a rate cost that is twice too high, and one twice too low? Would you trust the law at ten times the " \
      "largest budget?") \
    X(d, isoflop, "c", "An IsoFLOP sweep", \
      "Why has each parabola a minimum at all: what is wrong with a model that is too small for its budget, and with one that is " \
      "too large?") \
    X(e, laws, "d", "N*, D* and L by three methods", \
      "Three methods read the same runs. Where do they agree, and which of their numbers would you stake money on?") \
    X(f, predict, "e", "A prediction for ten times the largest budget, sealed", \
      "Write the hash on the blackboard. What could make the prediction fail that its interval knows nothing about?") \
    X(g, check, "f", "The run, and whether the prediction came true", \
      "Was it inside the interval? If yes: was the interval narrow enough to be worth something? If no: which assumption failed?") \
    X(h, kaplan, "d", "What Kaplan would have concluded", \
      "Which of the steps moves the exponent most, and why did nobody see it in 2020?") \
    X(i, tweak, "d", "A tweak against the baseline", \
      "The tweak runs at the rates that were searched for the baseline. Is that fair, and in whose favour?") \
    X(j, wall, "e", "Is there a wall?", \
      "Argue for or against a wall in five sentences, each with a number of your own runs and its interval.")
/* clang-format on */

#endif
