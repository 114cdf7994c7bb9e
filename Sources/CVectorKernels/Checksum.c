// CRC-32C (Castagnoli), as in RFC 3720: with tables for eight bytes at once, and with the instruction of SSE 4.2.
#include "Rows.h"

#include <pthread.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// The polynomial, reflected.
#define POLYNOMIAL 0x82f63b78u

static uint32_t tables[8][256];
static pthread_once_t tables_are_filled = PTHREAD_ONCE_INIT;

static void fill_tables(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t state = byte;
        for (int bit = 0; bit < 8; bit++) state = state >> 1 ^ (state & 1 ? POLYNOMIAL : 0);
        tables[0][byte] = state;
    }
    for (uint32_t byte = 0; byte < 256; byte++) {
        for (int table = 1; table < 8; table++) {
            const uint32_t state = tables[table - 1][byte];
            tables[table][byte] = state >> 8 ^ tables[0][state & 0xff];
        }
    }
}

uint32_t millrace_crc32c_plain(uint32_t checksum, const void *bytes, size_t count) {
    pthread_once(&tables_are_filled, fill_tables);
    const uint8_t *next = bytes;
    uint32_t state = ~checksum;
    for (; count >= 8; count -= 8, next += 8) {
        const uint32_t low = state
            ^ ((uint32_t)next[0] | (uint32_t)next[1] << 8 | (uint32_t)next[2] << 16 | (uint32_t)next[3] << 24);
        state = tables[7][low & 0xff] ^ tables[6][low >> 8 & 0xff] ^ tables[5][low >> 16 & 0xff] ^ tables[4][low >> 24]
            ^ tables[3][next[4]] ^ tables[2][next[5]] ^ tables[1][next[6]] ^ tables[0][next[7]];
    }
    for (; count > 0; count--, next++) state = state >> 8 ^ tables[0][(state ^ *next) & 0xff];
    return ~state;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t millrace_crc32c_sse42(uint32_t checksum, const void *bytes, size_t count) {
    const uint8_t *next = bytes;
    uint64_t state = (uint32_t)~checksum;
    for (; count >= 8; count -= 8, next += 8) {
        uint64_t word;
        memcpy(&word, next, 8);
        state = _mm_crc32_u64(state, word);
    }
    uint32_t rest = (uint32_t)state;
    for (; count > 0; count--, next++) rest = _mm_crc32_u8(rest, *next);
    return ~rest;
}
#endif
