/* libsrtp behind a pipe: packets come in and go out as two octets of length and the packet.
 *
 * judge protect|unprotect rtp|rtcp SUITE KEY     (KEY in hexadecimal, with its salt)
 * judge bench SUITE KEY                          prints ns a packet: protect, unprotect
 *
 * A packet that libsrtp refuses comes out with a length of 0. */
#include <srtp2/srtp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void fail(const char *what)
{
    fprintf(stderr, "judge: %s\n", what);
    exit(2);
}

static void suite(srtp_crypto_policy_t *rtp, srtp_crypto_policy_t *rtcp, const char *name)
{
    if (!strcmp(name, "AES_CM_128_HMAC_SHA1_80")) {
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(rtp);
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(rtcp);
    } else if (!strcmp(name, "AES_CM_128_HMAC_SHA1_32")) {
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_32(rtp);
        srtp_crypto_policy_set_aes_cm_128_hmac_sha1_80(rtcp);
    } else if (!strcmp(name, "AES_256_CM_HMAC_SHA1_80")) {
        srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80(rtp);
        srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80(rtcp);
    } else if (!strcmp(name, "AES_256_CM_HMAC_SHA1_32")) {
        srtp_crypto_policy_set_aes_cm_256_hmac_sha1_32(rtp);
        srtp_crypto_policy_set_aes_cm_256_hmac_sha1_80(rtcp);
    } else {
        fail("no suite of that name");
    }
}

static srtp_t session(const char *name, const char *hex, srtp_ssrc_type_t way)
{
    static unsigned char key[64];
    srtp_policy_t policy;
    srtp_t made;
    size_t n;

    for (n = 0; 2 * n < strlen(hex); n++) {
        unsigned octet;
        if (n == sizeof key || sscanf(hex + 2 * n, "%2x", &octet) != 1)
            fail("no key");
        key[n] = octet;
    }
    memset(&policy, 0, sizeof policy);
    suite(&policy.rtp, &policy.rtcp, name);
    policy.ssrc.type = way;
    policy.key = key;
    policy.window_size = 128;
    if (srtp_create(&made, &policy) != srtp_err_status_ok)
        fail("srtp_create");
    return made;
}

static double now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return at.tv_sec * 1e9 + at.tv_nsec;
}

static void bench(const char *name, const char *key)
{
    enum { PACKETS = 2000, ROUNDS = 41, LENGTH = 172 };
    static unsigned char packets[PACKETS][LENGTH + SRTP_MAX_TRAILER_LEN];
    static int lengths[PACKETS];
    srtp_t out = session(name, key, ssrc_any_outbound), in = session(name, key, ssrc_any_inbound);
    double best[2] = { 1e30, 1e30 };
    unsigned sequence = 0;
    int round, n;

    for (round = 0; round < ROUNDS; round++) {
        double begin, took;
        for (n = 0; n < PACKETS; n++) {
            memset(packets[n], 0x55, LENGTH);
            packets[n][0] = 0x80;
            packets[n][1] = 8;
            sequence++;
            packets[n][2] = sequence >> 8;
            packets[n][3] = sequence;
            lengths[n] = LENGTH;
        }
        begin = now();
        for (n = 0; n < PACKETS; n++)
            if (srtp_protect(out, packets[n], &lengths[n]) != srtp_err_status_ok)
                fail("protect");
        took = (now() - begin) / PACKETS;
        if (took < best[0])
            best[0] = took;
        begin = now();
        for (n = 0; n < PACKETS; n++)
            if (srtp_unprotect(in, packets[n], &lengths[n]) != srtp_err_status_ok)
                fail("unprotect");
        took = (now() - begin) / PACKETS;
        if (took < best[1])
            best[1] = took;
    }
    printf("%.1f %.1f\n", best[0], best[1]);
}

int main(int count, char **arguments)
{
    unsigned char packet[4096], head[2];
    srtp_err_status_t (*work)(srtp_t, void *, int *);
    int protect, rtcp;
    srtp_t with;

    if (srtp_init() != srtp_err_status_ok)
        fail("srtp_init");
    if (count == 4 && !strcmp(arguments[1], "bench")) {
        bench(arguments[2], arguments[3]);
        return 0;
    }
    if (count != 5)
        fail("arguments");
    protect = !strcmp(arguments[1], "protect");
    rtcp = !strcmp(arguments[2], "rtcp");
    work = protect ? (rtcp ? srtp_protect_rtcp : srtp_protect)
                   : (rtcp ? srtp_unprotect_rtcp : srtp_unprotect);
    with = session(arguments[3], arguments[4], protect ? ssrc_any_outbound : ssrc_any_inbound);
    while (fread(head, 1, 2, stdin) == 2) {
        int length = head[0] << 8 | head[1];
        if (length > 2048 || fread(packet, 1, length, stdin) != (size_t)length)
            fail("cut short");
        if (work(with, packet, &length) != srtp_err_status_ok)
            length = 0;
        head[0] = length >> 8;
        head[1] = length;
        fwrite(head, 1, 2, stdout);
        fwrite(packet, 1, length, stdout);
    }
    return 0;
}
