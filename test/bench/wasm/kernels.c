/*
 * The flat kernels in C with AVX2 intrinsics: what the WebAssembly ones are compared with. The host loads this as a child
 * process and asks for one timed run at a time, so that both sides take turns on the same processor.
 *
 * Commands on standard input, one per line, answered by one line each:
 *   f32 ROWS DIMS REPEATS    -> nanoseconds of the fastest scan, the best row, its score
 *   int8 ROWS DIMS REPEATS   -> the same
 *
 * The matrix is filled from a 32-bit xorshift generator started at 1; the query is row 0.
 */
#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static float *vectors;
static int8_t *codes;
static float *scales;
static size_t filled_rows, filled_dims;
static int best_row;
static float best_score;

static uint32_t state = 1;
static float next_number(void) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return (float)(int32_t)state / 2147483648.0f;
}

static void fill(size_t rows, size_t dims) {
  if (rows == filled_rows && dims == filled_dims) return;
  state = 1;
  free(vectors);
  free(codes);
  free(scales);
  vectors = aligned_alloc(64, rows * dims * 4);
  codes = aligned_alloc(64, rows * dims);
  scales = aligned_alloc(64, (rows * 4 + 63) / 64 * 64);
  for (size_t i = 0; i < rows * dims; i++) {
    vectors[i] = next_number();
    codes[i] = (int8_t)(vectors[i] * 127);
  }
  for (size_t i = 0; i < rows; i++) scales[i] = 1.0f / 127;
  filled_rows = rows;
  filled_dims = dims;
}

static float sum8(__m256 v) {
  __m128 x = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  x = _mm_add_ps(x, _mm_movehl_ps(x, x));
  return _mm_cvtss_f32(_mm_add_ss(x, _mm_shuffle_ps(x, x, 1)));
}

static float dot_f32(const float *a, const float *b, size_t dims) {
  __m256 s0 = _mm256_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
  for (size_t i = 0; i < dims; i += 32) {
    s0 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i), _mm256_loadu_ps(b + i), s0);
    s1 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 8), _mm256_loadu_ps(b + i + 8), s1);
    s2 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 16), _mm256_loadu_ps(b + i + 16), s2);
    s3 = _mm256_fmadd_ps(_mm256_loadu_ps(a + i + 24), _mm256_loadu_ps(b + i + 24), s3);
  }
  return sum8(_mm256_add_ps(_mm256_add_ps(s0, s1), _mm256_add_ps(s2, s3)));
}

/* The query is widened to 16 bits once per scan, the rows as they are read. */
#define WIDE(i) _mm256_loadu_si256((const __m256i *)(wide + (i)))
#define ROW(i) _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(b + (i))))

static int32_t dot_int8(const int16_t *wide, const int8_t *a, const int8_t *b, size_t dims) {
#if defined(__AVX512VNNI__) && defined(__AVX512BW__)
  /* VNNI multiplies unsigned by signed bytes: |a| times b with the sign of a. */
  __m512i sum = _mm512_setzero_si512();
  for (size_t i = 0; i < dims; i += 64) {
    __m512i x = _mm512_loadu_si512(a + i), y = _mm512_loadu_si512(b + i);
    __mmask64 negative = _mm512_movepi8_mask(x);
    sum = _mm512_dpbusd_epi32(sum, _mm512_abs_epi8(x), _mm512_mask_sub_epi8(y, negative, _mm512_setzero_si512(), y));
  }
  return _mm512_reduce_add_epi32(sum);
#else
  __m256i s0 = _mm256_setzero_si256(), s1 = s0, s2 = s0, s3 = s0;
  for (size_t i = 0; i < dims; i += 64) {
    s0 = _mm256_add_epi32(s0, _mm256_madd_epi16(WIDE(i), ROW(i)));
    s1 = _mm256_add_epi32(s1, _mm256_madd_epi16(WIDE(i + 16), ROW(i + 16)));
    s2 = _mm256_add_epi32(s2, _mm256_madd_epi16(WIDE(i + 32), ROW(i + 32)));
    s3 = _mm256_add_epi32(s3, _mm256_madd_epi16(WIDE(i + 48), ROW(i + 48)));
  }
  __m256i s = _mm256_add_epi32(_mm256_add_epi32(s0, s1), _mm256_add_epi32(s2, s3));
  __m128i x = _mm_add_epi32(_mm256_castsi256_si128(s), _mm256_extracti128_si256(s, 1));
  x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(x, _mm_shuffle_epi32(x, 0xb1)));
#endif
}

#define HITS 10
static float top_scores[HITS];
static int top_rows[HITS];

static int offer(int count, float score, int row) {
  int at = count;
  if (at == HITS) {
    if (!(score > top_scores[HITS - 1])) return count;
    at--;
  } else {
    count++;
  }
  for (; at > 0 && score > top_scores[at - 1]; at--) {
    top_scores[at] = top_scores[at - 1];
    top_rows[at] = top_rows[at - 1];
  }
  top_scores[at] = score;
  top_rows[at] = row;
  return count;
}

static double now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double scan(int is_int8, size_t rows, size_t dims) {
  double start = now_ns();
  int count = 0;
  static int16_t wide[4096];
  for (size_t i = 0; i < dims; i++) wide[i] = codes[i];
  for (size_t row = 0; row < rows; row++) {
    float score = is_int8 ? (float)dot_int8(wide, codes, codes + row * dims, dims) * scales[row] : dot_f32(vectors, vectors + row * dims, dims);
    count = offer(count, score, (int)row);
  }
  best_row = top_rows[0];
  best_score = top_scores[0];
  return now_ns() - start;
}

int main(void) {
  char line[256], kind[16];
  size_t rows, dims;
  int repeats;
  while (fgets(line, sizeof line, stdin)) {
    if (sscanf(line, "%15s %zu %zu %d", kind, &rows, &dims, &repeats) != 4) return 1;
    fill(rows, dims);
    double best = 1e30;
    for (int i = 0; i < repeats; i++) {
      double took = scan(strcmp(kind, "int8") == 0, rows, dims);
      if (took < best) best = took;
    }
    printf("%.0f %d %.9g\n", best, best_row, best_score);
    fflush(stdout);
  }
  return 0;
}
