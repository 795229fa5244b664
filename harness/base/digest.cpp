#include "harness/base/digest.hpp"

#include <array>
#include <charconv>
#include <fstream>
#include <memory>

#include <openssl/evp.h>

#include "harness/base/check.hpp"

namespace tandem {
namespace {

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    check(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1, "OpenSSL offers no SHA-256");
  }
  void add(const void* data, std::size_t size) { EVP_DigestUpdate(context_.get(), data, size); }
  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &size);
    std::string text;
    for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

std::string sha256(std::string_view text) {
  Sha256 digest;
  digest.add(text.data(), text.size());
  return digest.hex();
}

std::string sha256(std::span<const std::byte> bytes) {
  Sha256 digest;
  digest.add(bytes.data(), bytes.size());
  return digest.hex();
}

std::string sha256_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  check(file.good(), "cannot read {}", path.string());
  Sha256 digest;
  std::array<char, 1 << 16> block{};
  while (file.read(block.data(), block.size()) || file.gcount() > 0)
    digest.add(block.data(), static_cast<std::size_t>(file.gcount()));
  return digest.hex();
}

std::uint64_t leading_bits(std::string_view hex_digest) {
  std::uint64_t bits = 0;
  auto [end, error] = std::from_chars(hex_digest.data(), hex_digest.data() + 16, bits, 16);
  check(hex_digest.size() >= 16 && error == std::errc(), "\"{}\" is not a digest", hex_digest);
  return bits;
}

}  // namespace tandem
