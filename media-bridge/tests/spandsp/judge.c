/* spandsp as a program: it judges signals, and is timed beside ours.
 *
 * A separate process, so that its licence (LGPL) and ours do not meet. Samples are 16 bits in
 * the machine's order, 8000 a second, on standard input and output. Written against the headers
 * of Debian's libspandsp-dev; built by the tests and benches that use it.
 *
 *   judge dtmf-detect                        prints "DIGIT START END" in samples, a line each
 *   judge dtmf-generate DIGITS LOW TWIST ON OFF
 *   judge tone-detect TYPE                   prints the tones that a connect tone receiver says
 *   judge tone-generate TYPE SAMPLES
 *   judge conceal MASK                       MASK: a character for every 80 samples, 'x' is lost
 *   judge echo TAPS                          pairs (far, near) in; what is left of near out
 *   judge bench PART                         prints the ns that 20 ms take
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <spandsp.h>

#define FRAME 160
#define ROUNDS 41

/* 0.0.6 prints two lines a sample from its echo canceller. Its output is not ours to parse, nor
 * what printing costs to be held against it: what the library prints goes nowhere. */
int __printf_chk(int flag, const char *format, ...);

int __printf_chk(int flag, const char *format, ...)
{
    (void) flag;
    (void) format;
    return 0;
}

static int16_t *input;
static size_t inputs;

static void read_all(void)
{
    size_t room = 0, got;

    do {
        if (inputs + 65536 > room) {
            room = 2 * room + 131072;
            input = realloc(input, room * sizeof(int16_t));
            if (input == NULL)
                exit(2);
        }
        got = fread(input + inputs, sizeof(int16_t), 65536, stdin);
        inputs += got;
    } while (got > 0);
}

static void write_all(const int16_t *samples, size_t count)
{
    if (fwrite(samples, sizeof(int16_t), count, stdout) != count)
        exit(2);
}

/* --- judging ------------------------------------------------------------------------------ */

static size_t position;

static void on_digit(void *data, int code, int level, int delay)
{
    static size_t start;
    static int digit;

    (void) data;
    (void) level;
    (void) delay;
    if (digit != 0)
        fprintf(stdout, "%c %zu %zu\n", digit, start, position);
    digit = code;
    start = position;
}

static int dtmf_detect(void)
{
    dtmf_rx_state_t *rx = dtmf_rx_init(NULL, NULL, NULL);

    dtmf_rx_set_realtime_callback(rx, on_digit, NULL);
    read_all();
    for (position = 0; position + 80 <= inputs; position += 80)
        dtmf_rx(rx, input + position, 80);
    return 0;
}

static int dtmf_generate(char **argument)
{
    int16_t samples[FRAME];
    int got;
    const char *digits = argument[0];
    dtmf_tx_state_t *tx = dtmf_tx_init(NULL);

    dtmf_tx_set_level(tx, atoi(argument[1]), atoi(argument[2]));
    dtmf_tx_set_timing(tx, atoi(argument[3]), atoi(argument[4]));
    for (; *digits; digits++) {
        dtmf_tx_put(tx, digits, 1);
        while ((got = dtmf_tx(tx, samples, FRAME)) > 0)
            write_all(samples, got);
    }
    return 0;
}

static int type_of(const char *name)
{
    static const char *const names[] = {
        "none", "cng", "ans", "ans-pr", "ansam", "ansam-pr", "v21", "ced-or-v21", "bell", "ct"
    };
    int n;

    for (n = 0; n < 10; n++) {
        if (strcmp(name, names[n]) == 0)
            return n;
    }
    exit(2);
}

static void on_tone(void *data, int code, int level, int delay)
{
    (void) data;
    (void) level;
    (void) delay;
    fprintf(stdout, "%d %zu\n", code, position);
}

static int tone_detect(char **argument)
{
    modem_connect_tones_rx_state_t *rx =
        modem_connect_tones_rx_init(NULL, type_of(argument[0]), on_tone, NULL);

    read_all();
    for (position = 0; position + 80 <= inputs; position += 80)
        modem_connect_tones_rx(rx, input + position, 80);
    return 0;
}

/* Flags of HDLC, for ever. */
static int flag_bit(void *data)
{
    int *n = data;

    *n = (*n + 1) % 8;
    return *n != 0 && *n != 7;
}

static int v21_generate(int left)
{
    static int n;
    int16_t samples[FRAME];
    fsk_tx_state_t *tx = fsk_tx_init(NULL, &preset_fsk_specs[FSK_V21CH2], flag_bit, &n);

    for (; left > 0; left -= FRAME)
        write_all(samples, fsk_tx(tx, samples, FRAME));
    return 0;
}

static int tone_generate(char **argument)
{
    int left = atoi(argument[1]), got;
    int16_t samples[FRAME];
    modem_connect_tones_tx_state_t *tx;

    if (type_of(argument[0]) == MODEM_CONNECT_TONES_FAX_PREAMBLE)
        return v21_generate(left);
    tx = modem_connect_tones_tx_init(NULL, type_of(argument[0]));
    while (left > 0) {
        memset(samples, 0, sizeof(samples));
        got = modem_connect_tones_tx(tx, samples, left < FRAME ? left : FRAME);
        if (got <= 0)
            break;
        write_all(samples, got);
        left -= got;
    }
    return 0;
}

static int conceal(char **argument)
{
    size_t n;
    const char *mask = argument[0];
    plc_state_t *plc = plc_init(NULL);

    read_all();
    for (n = 0; n + 80 <= inputs && *mask; n += 80, mask++) {
        if (*mask == 'x')
            plc_fillin(plc, input + n, 80);
        else
            plc_rx(plc, input + n, 80);
    }
    write_all(input, n);
    return 0;
}

static int echo(char **argument)
{
    size_t n;
    echo_can_state_t *canceller =
        echo_can_init(atoi(argument[0]), ECHO_CAN_USE_ADAPTION);

    read_all();
    for (n = 0; n + 2 <= inputs; n += 2)
        input[n / 2] = echo_can_update(canceller, input[n], input[n + 1]);
    write_all(input, n / 2);
    return 0;
}

/* --- timing ------------------------------------------------------------------------------- */

static double cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * 1e9 + now.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *) a, y = *(const double *) b;

    return (x > y) - (x < y);
}

static int16_t out[FRAME];
static uint8_t octets[FRAME];
static volatile int sink;

#define TIME(prepare, body)                                                                    \
    do {                                                                                       \
        double rounds[ROUNDS];                                                                 \
        int round;                                                                             \
        size_t n;                                                                              \
        for (round = 0; round < ROUNDS; round++) {                                             \
            double begin, frames = 0;                                                          \
            prepare;                                                                           \
            begin = cpu_ns();                                                                  \
            for (n = 0; n + FRAME <= inputs; n += FRAME, frames++) {                           \
                int16_t *frame = input + n;                                                    \
                (void) frame;                                                                  \
                body;                                                                          \
            }                                                                                  \
            rounds[round] = (cpu_ns() - begin) / frames;                                       \
        }                                                                                      \
        qsort(rounds, ROUNDS, sizeof(double), by_size);                                        \
        fprintf(stdout, "%.1f\n", rounds[ROUNDS / 2]);                                                  \
    } while (0)

static void nothing(void *data, int code, int level, int delay)
{
    (void) data;
    (void) level;
    (void) delay;
    sink += code;
}

static int bench(char **argument)
{
    const char *part = argument[0];
    int type;

    read_all();
    if (strcmp(part, "dtmf-rx") == 0) {
        dtmf_rx_state_t *rx = dtmf_rx_init(NULL, NULL, NULL);
        dtmf_rx_set_realtime_callback(rx, nothing, NULL);
        TIME(, dtmf_rx(rx, frame, FRAME));
    } else if (strcmp(part, "dtmf-tx") == 0) {
        dtmf_tx_state_t *tx = dtmf_tx_init(NULL);
        TIME(, if (dtmf_tx(tx, out, FRAME) < FRAME) dtmf_tx_put(tx, "123456789", -1));
    } else if (strcmp(part, "tone-1") == 0 || strcmp(part, "tone-2") == 0) {
        tone_gen_descriptor_t *plan = tone_gen_descriptor_init(
            NULL, 440, -13, part[5] == '1' ? 0 : 480, -13, 60000, 0, 0, 0, 1);
        tone_gen_state_t *tone = tone_gen_init(NULL, plan);
        TIME(, tone_gen(tone, out, FRAME));
    } else if (strcmp(part, "plc-good") == 0) {
        plc_state_t *plc = plc_init(NULL);
        TIME(, sink += plc_rx(plc, frame, FRAME));
    } else if (strcmp(part, "plc-lost") == 0) {
        /* What a good frame takes is measured beside it, and small. */
        plc_state_t *plc = plc_init(NULL);
        TIME(, (plc_rx(plc, frame, FRAME), plc_fillin(plc, out, FRAME)));
    } else if (strcmp(part, "g711-decode") == 0) {
        g711_state_t *g711 = g711_init(NULL, G711_ALAW);
        TIME(memcpy(octets, input, FRAME), sink += g711_decode(g711, out, octets, FRAME));
    } else if (strcmp(part, "g711-encode") == 0) {
        g711_state_t *g711 = g711_init(NULL, G711_ALAW);
        TIME(, sink += g711_encode(g711, octets, frame, FRAME));
    } else if (strcmp(part, "g711-convert") == 0) {
        g711_state_t *g711 = g711_init(NULL, G711_ALAW);
        uint8_t converted[FRAME];
        TIME(, sink += g711_transcode(g711, converted, (uint8_t *) frame, FRAME));
    } else if (strcmp(part, "noise") == 0) {
        noise_state_t *noise_source = noise_init_dbm0(NULL, 1, -50.0f, NOISE_CLASS_AWGN, 7);
        TIME(, for (int k = 0; k < FRAME; k++) out[k] = noise(noise_source));
    } else if (strcmp(part, "echo") == 0) {
        echo_can_state_t *canceller = echo_can_init(128, ECHO_CAN_USE_ADAPTION);
        int16_t late[64] = {0};
        TIME(, for (int k = 0; k < FRAME; k++) {
            int16_t near = late[(n + k) % 64];
            late[(n + k) % 64] = frame[k] / 4;
            out[k] = echo_can_update(canceller, frame[k], near);
        });
    } else if (strncmp(part, "tone-rx-", 8) == 0) {
        modem_connect_tones_rx_state_t *rx;
        type = type_of(part + 8);
        rx = modem_connect_tones_rx_init(NULL, type, nothing, NULL);
        TIME(, modem_connect_tones_rx(rx, frame, FRAME));
    } else {
        return 2;
    }
    return 0;
}

int main(int count, char **argument)
{
    static const struct {
        const char *name;
        int arguments;
    } verbs[] = {
        {"dtmf-detect", 0}, {"dtmf-generate", 5}, {"tone-detect", 1}, {"tone-generate", 2},
        {"conceal", 1},     {"echo", 1},          {"bench", 1},
    };
    size_t n;

    for (n = 0; count > 1 && n < sizeof(verbs) / sizeof(*verbs); n++) {
        if (strcmp(argument[1], verbs[n].name) == 0 && count - 2 == verbs[n].arguments)
            break;
    }
    argument += 2;
    switch (count > 1 ? n : 99) {
    case 0: return dtmf_detect();
    case 1: return dtmf_generate(argument);
    case 2: return tone_detect(argument);
    case 3: return tone_generate(argument);
    case 4: return conceal(argument);
    case 5: return echo(argument);
    case 6: return bench(argument);
    default:
        fprintf(stderr, "judge: no such verb, or not with so many arguments\n");
        return 2;
    }
}
