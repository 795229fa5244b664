// A book of options on paths of the Bergomi model: prices and pathwise derivatives (Broadie and Glasserman, Management
// Science 42, 1996: all payoffs are Lipschitz), 16 paths at a time in fp32, sums over blocks of paths in fp64.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "harness/device/buffer.hpp"
#include "kernels/montecarlo/bergomi.hpp"

namespace tandem::kernels {

// At every maturity, in this order: calls and puts on the average of the basket over all steps so far (the Asians), and
// European puts on the asset that is worst. Strikes per notional of 1.
struct Book {
  std::vector<std::size_t> maturities;  // in steps, rising
  std::vector<double> weights;          // of the assets in the basket
  std::vector<double> calls, puts, worst;

  std::size_t each() const { return calls.size() + puts.size() + worst.size(); }  // maturity
  std::size_t products() const { return maturities.size() * each(); }
};

double pricing_flops(const BergomiModel& model, const Book& book, bool jacobian);  // of a path, from its sums on

class BookPricer {
 public:
  BookPricer(BergomiDriver driver, Book book);
  const BergomiDriver& driver() const { return driver_; }
  const Book& book() const { return book_; }
  // ln S_i, ln s_i of each asset, then r and rho (0 < rho < 1), per year.
  std::size_t parameters() const { return 2 * driver_.model().assets + 2; }

  // `paths` (a multiple of 16) under the digital shift that `key` draws. `jacobian` [products, parameters], empty:
  // none.
  void price(std::span<const double> market, std::uint64_t key, std::size_t paths, std::span<float> prices,
             std::span<float> jacobian) const;

  // Driving sums to be used for many markets.
  Buffer<Lanes> table(std::uint64_t key, std::size_t paths) const;
  void price(std::span<const double> market, const Buffer<Lanes>& table, std::span<float> prices) const;

 private:
  struct Market;
  struct Average;
  template <bool greeks>
  void add(const Market& market, const Lanes* sums, Lanes* totals) const;
  template <bool greeks>
  void pay(const Market& market, std::size_t maturity, const Average& average, Lanes* totals) const;
  void finish(const Market& market, std::size_t paths, std::span<const double> totals, std::span<float> prices,
              std::span<float> jacobian) const;

  BergomiDriver driver_;
  Book book_;
};

}  // namespace tandem::kernels
