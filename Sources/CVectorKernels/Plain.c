// The kernels without special instructions: what every other level is compared with. Sums run in eight lanes, which compilers
// turn into whatever vectors the base set of instructions has.
#include "Rows.h"

#define LANES 8

static inline float sum_of_lanes(const float lanes[LANES]) {
    return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
}

static inline float float_of_bits(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t bits_of_float(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline float float_of_half(uint16_t half) {
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    const uint32_t exponent = (half >> 10) & 0x1f;
    const uint32_t fraction = half & 0x3ff;
    if (exponent == 0x1f) {
        // A signalling NaN becomes a quiet one, as in processors.
        return float_of_bits(sign | 0x7f800000 | fraction << 13 | (fraction ? 0x400000 : 0));
    }
    // A denormal number is its fraction times 2^-24, which a float represents exactly.
    if (exponent == 0) return float_of_bits(bits_of_float((float)fraction * 0x1p-24f) | sign);
    return float_of_bits(sign | (exponent + 112) << 23 | fraction << 13);
}

static inline uint16_t half_of_float(float value) {
    const uint32_t bits = bits_of_float(value);
    const uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
    const uint32_t magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x1ff));
    // 65520 is the first that rounds to infinity.
    if (magnitude >= 0x477ff000) return sign | 0x7c00;
    if (magnitude < 0x38800000) {
        // Denormal: adding a half moves the fraction to where the float's own rounding cuts it.
        const float shifted = float_of_bits(magnitude) + 0.5f;
        return (uint16_t)(sign | (uint16_t)(bits_of_float(shifted) - bits_of_float(0.5f)));
    }
    const uint32_t odd = magnitude >> 13 & 1;
    return (uint16_t)(sign | (uint16_t)((magnitude - 0x38000000 + 0xfff + odd) >> 13));
}

static float dot_f32(const float *first, const float *second, size_t count) {
    float lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) lanes[lane] += first[i + lane] * second[i + lane];
    }
    for (size_t lane = 0; i < count; i++, lane++) lanes[lane] += first[i] * second[i];
    return sum_of_lanes(lanes);
}

static float squared_f32(const float *first, const float *second, size_t count) {
    float lanes[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) {
            const float difference = first[i + lane] - second[i + lane];
            lanes[lane] += difference * difference;
        }
    }
    for (size_t lane = 0; i < count; i++, lane++) {
        const float difference = first[i] - second[i];
        lanes[lane] += difference * difference;
    }
    return sum_of_lanes(lanes);
}

static float dot_f16(const float *first, const uint16_t *second, size_t count) {
    float lanes[LANES] = {0};
    for (size_t i = 0; i < count; i++) lanes[i % LANES] += first[i] * float_of_half(second[i]);
    return sum_of_lanes(lanes);
}

static float squared_f16(const float *first, const uint16_t *second, size_t count) {
    float lanes[LANES] = {0};
    for (size_t i = 0; i < count; i++) {
        const float difference = first[i] - float_of_half(second[i]);
        lanes[i % LANES] += difference * difference;
    }
    return sum_of_lanes(lanes);
}

static int32_t dot_i8(const int8_t *first, const int8_t *second, size_t count) {
    int32_t sum = 0;
    for (size_t i = 0; i < count; i++) sum += (int32_t)first[i] * second[i];
    return sum;
}

static int32_t squared_i8(const int8_t *first, const int8_t *second, size_t count) {
    // Unsigned: 65,536 squares of 255 are more than an int32_t holds, and wrap instead of trapping.
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        const int32_t difference = (int32_t)first[i] - second[i];
        sum += (uint32_t)(difference * difference);
    }
    return (int32_t)sum;
}

static uint32_t hamming(const uint8_t *first, const uint8_t *second, size_t size_in_bytes) {
    uint32_t sum = 0;
    size_t i = 0;
    for (; i + 8 <= size_in_bytes; i += 8) {
        uint64_t one, other;
        memcpy(&one, first + i, 8);
        memcpy(&other, second + i, 8);
        sum += (uint32_t)__builtin_popcountll(one ^ other);
    }
    for (; i < size_in_bytes; i++) sum += (uint32_t)__builtin_popcount((unsigned)(first[i] ^ second[i]));
    return sum;
}

static void halves_of_floats(const float *floats, uint16_t *halves, size_t count) {
    for (size_t i = 0; i < count; i++) halves[i] = half_of_float(floats[i]);
}

static void floats_of_halves(const uint16_t *halves, float *floats, size_t count) {
    for (size_t i = 0; i < count; i++) floats[i] = float_of_half(halves[i]);
}

MILLRACE_DEFINE_ALL_DISTANCES(, dot_f32, squared_f32, dot_f16, squared_f16, dot_i8, hamming)

const millrace_kernels *millrace_kernels_plain(void) {
    static const millrace_kernels kernels = {
        dot_f32, squared_f32, dot_f16, squared_f16, dot_i8, squared_i8, hamming, halves_of_floats, floats_of_halves,
        millrace_crc32c_plain, MILLRACE_ALL_DISTANCES,
    };
    return &kernels;
}
