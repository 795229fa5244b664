// SHA-256 (FIPS 180-4, by OpenSSL), as lower-case hexadecimal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace tandem {

std::string sha256(std::string_view text);
std::string sha256(std::span<const std::byte> bytes);
std::string sha256_file(const std::filesystem::path& path);  // reads in blocks; throws if unreadable

// The first 8 bytes of a digest as a big-endian number: how seeds come out of digests.
std::uint64_t leading_bits(std::string_view hex_digest);

}  // namespace tandem
