#include "kernels/learning/attention_case.hpp"

#include "kernels/learning/choices.hpp"
#include "kernels/learning/draw.hpp"
#include "kernels/learning/judging.hpp"

namespace tandem::kernels {

namespace {

// Pairs of a query and a token that it sees.
double pairs_of(const AttentionShape& s) {
  const auto heads = static_cast<double>(s.heads), tokens = static_cast<double>(s.tokens);
  return heads * tokens * (s.queries > 1 ? (tokens + 1) / 2 : 1);
}

}  // namespace

AttentionShape attention_shape(const Settings& settings) {
  AttentionShape shape;
  shape.heads = count_of(settings, "heads", 1 << 16) * count_of(settings, "sequences", 1 << 16);
  shape.tokens = count_of(settings, "tokens", 1 << 20);
  shape.width = count_of(settings, "width", 1 << 12);
  shape.queries = second_of(settings, "phase", "prefill", "decode") ? 1 : shape.tokens;
  return shape;
}

double attention_bytes(const AttentionShape& s, std::size_t element) {
  const auto heads = static_cast<double>(s.heads), tokens = static_cast<double>(s.tokens);
  const auto width = static_cast<double>(s.width), queries = static_cast<double>(s.queries);
  const auto operand = static_cast<double>(element);
  return heads * (operand * width * (2 * tokens + queries) + 4 * queries * width);
}

KernelEntry attention_entry(const std::string& where, const std::string& heads, const std::string& tokens,
                            const std::string& width) {
  KernelEntry entry;
  entry.name = "learning/attention";
  entry.summary =
      "attention: prefill of all tokens, or decode of one token against the cache of keys and values" + where;
  entry.parameters = {{"phase", "prefill", "prefill or decode"},
                      {"sequences", "1", "texts side by side"},
                      {"heads", heads, "heads of each"},
                      {"tokens", tokens, "tokens of each; decode: in the cache, the new one included"},
                      {"width", width, "of a head"},
                      {"precision", "fp32", "of queries, keys and values: fp32 or bf16; scores and sums are fp32"}};
  return entry;
}

template <typename T>
AttentionCase<T>::AttentionCase(const AttentionShape& shape, const KernelContext& context)
    : ranks_(context.ranks),
      seed_(context.seed + static_cast<std::uint64_t>(context.ranks.rank())),
      shape_(shape),
      q_(shape.heads * shape.queries * shape.width),
      k_(shape.heads * shape.tokens * shape.width),
      v_(k_.size()) {}

// The arithmetic is never exact: both kinds of data are random reals.
template <typename T>
void AttentionCase<T>::prepare(Data data) {
  const std::uint64_t first = data == Data::exact ? 0 : 3;
  const auto number = [](double u) { return 4 * u - 2; };
  draw(q_, seed_, first, number);
  draw(k_, seed_, first + 1, number);
  draw(v_, seed_, first + 2, number);
}

template <typename T>
std::vector<Verdict> AttentionCase<T>::judge(const Buffer<float>& output) const {
  const auto values = [](const Buffer<T>& from) {
    return [&from](std::size_t i) { return static_cast<double>(load(from[i])); };
  };
  // P is rounded once more where the second product takes it in bf16.
  const double error = attention_error(shape_, values(q_), values(k_), values(v_), {output.data(), output.size()},
                                       prefill() && bf16 ? 0x1p-8 : 0);
  return {{"outputs, error / bound", worst_of(ranks_, error), 1}};
}

template <typename T>
Facts AttentionCase<T>::facts() const {
  const double bytes = attention_bytes(shape_, sizeof(T));
  const double flops = 4 * pairs_of(shape_) * static_cast<double>(shape_.width);
  return {flops, bytes, bytes, prefill() ? precision() : "read", {}};
}

template class AttentionCase<float>;
template class AttentionCase<Bf16>;

}  // namespace tandem::kernels
