// What a Runge-Kutta stage does to one row of shallow water; the equations stand in shallow_water_solver.hpp.
// A row lies in vectors whose lanes are equal stretches of it: cell i of nx in lane i / count of vector i % count, with
// count = nx / lanes. The neighbour in x is the vector before or after, so that all loads are aligned; only beyond the
// ends of the row something passes from lane to lane (dimension-lifted transposition, Henretty et al. 2011).
#pragma once

#include <cstddef>
#include <utility>

namespace tandem::kernels {

// Factors of a stage in fp32. Passed by value: what a loop writes might be they, for all that the compiler knows.
struct ShallowWaterFactors {
  float weight;                // new = old + weight (now - old) + what the tendency adds
  float turn, turn_x, turn_y;  // of f, v_x and u_y in q: half a step, over the cell's sides
  float slope_x, slope_y;      // of differences of 4 B
  float flow_x, flow_y;        // of differences of the doubled transports
  float nu_x, nu_y, nu_here;   // of the neighbours' sums and of the value itself in the Laplacian
  float twice_depth, four_gravity;
};

template <int lanes>
struct ShallowWaterRow {
  typedef float Vector __attribute__((vector_size(lanes * sizeof(float)), may_alias));

  struct Cells {
    Vector u, v, h;
  };
  // Transports at west and south faces, doubled, as sums of two depths; 4 B; q V and q U at the southern corner, times
  // half the step.
  struct Driving {
    Vector twice_u, twice_v, bernoulli, q_v, q_u;
  };

  // The periodic neighbours of a row, in the vectors before the first and after the last.
  static void close(Cells* row, std::size_t count) {
    row[-1] = {from_west(row[count - 1].u), from_west(row[count - 1].v), from_west(row[count - 1].h)};
    row[count] = {from_east(row[0].u), from_east(row[0].v), row[0].h};
  }
  static void close(Driving* row, std::size_t count) {
    row[-1].bernoulli = from_west(row[count - 1].bernoulli);
    row[count].twice_u = from_east(row[0].twice_u);
    row[count].q_u = from_east(row[0].q_u);
  }

  // Nothing flows through the face of row 0.
  static void drive_at_wall(const Cells* now, const Cells* north, Driving* to, std::size_t count,
                            ShallowWaterFactors f) {
    for (std::size_t k = 0; k < count; ++k) {
      const Vector u = now[k].u, u_east = now[k + 1].u, v_north = north[k].v;
      to[k].twice_u = (now[k].h + now[k - 1].h + f.twice_depth) * u;
      to[k].twice_v = Vector{};
      to[k].bernoulli = u * u + u_east * u_east + v_north * v_north + f.four_gravity * now[k].h;
      to[k].q_v = Vector{};
    }
    close(to, count);
  }

  enum class Wall { none, south, north };  // on which side of the row
  // Row j, and what row j + 1 drives. `to` may be `old`.
  struct Around {
    const Cells *south, *now, *north, *second_north, *old;
    Cells* to;
    const Driving *driven_south, *driven;
    Driving* drive;
  };
  template <Wall wall>
  static void advance(const Around& a, std::size_t count, ShallowWaterFactors f, float coriolis) {
    const Cells *const south = a.south, *const now = a.now, *const north = a.north, *const second = a.second_north;
    const Cells* const old = a.old;
    const Driving *const driven_south = a.driven_south, *const driven = a.driven;
    Cells* const to = a.to;
    Driving* const drive = a.drive;
    const auto spread = [&](Vector here, Vector west, Vector east, Vector below, Vector above) {
      return f.nu_x * (east + west) + f.nu_y * (above + below) - f.nu_here * here;
    };
    const float turn = f.turn * coriolis;
    Vector depth_west = {}, flow_west = {};
    if constexpr (wall != Wall::north) {
      depth_west = north[-1].h + now[-1].h + f.twice_depth;
      flow_west = depth_west * north[-1].v;
    }
    for (std::size_t k = 0; k < count; ++k) {
      const Vector b_south = driven_south[k].bernoulli;  // whose place `drive` may take
      Vector q_v = {}, twice_v = {}, u_north = now[k].u, v_north = {};
      if constexpr (wall != Wall::north) {
        u_north = north[k].u;
        v_north = north[k].v;
        const Vector u_east = north[k + 1].u, v_far = second[k].v, h = north[k].h;
        const Vector depth = h + now[k].h + f.twice_depth, twice_u = (h + north[k - 1].h + f.twice_depth) * u_north;
        twice_v = depth * v_north;
        const Vector q =
            (turn + (v_north - north[k - 1].v) * f.turn_x - (u_north - now[k].u) * f.turn_y) / (depth + depth_west);
        q_v = q * (twice_v + flow_west);
        drive[k].twice_u = twice_u;
        drive[k].twice_v = twice_v;
        drive[k].bernoulli =
            u_north * u_north + u_east * u_east + v_north * v_north + v_far * v_far + f.four_gravity * h;
        drive[k].q_v = q_v;
        drive[k].q_u = q * (twice_u + driven[k].twice_u);
        depth_west = depth;
        flow_west = twice_v;
      }
      const Vector u = now[k].u, v = now[k].v, h = now[k].h, b = driven[k].bernoulli;
      const Vector u_south = wall == Wall::south ? u : south[k].u;
      const Vector u_change = (driven[k].q_v + q_v) - f.slope_x * (b - driven[k - 1].bernoulli) +
                              spread(u, now[k - 1].u, now[k + 1].u, u_south, u_north);
      const Vector h_change =
          f.flow_x * (driven[k + 1].twice_u - driven[k].twice_u) + f.flow_y * (twice_v - driven[k].twice_v);
      Vector v_change = {};
      if constexpr (wall != Wall::south)
        v_change = spread(v, now[k - 1].v, now[k + 1].v, south[k].v, v_north) - (driven[k].q_u + driven[k + 1].q_u) -
                   f.slope_y * (b - b_south);
      // Differences first: weights that are rounded multiply what changes, not what is there, and the mass is kept.
      to[k].u = old[k].u + (f.weight * (u - old[k].u) + u_change);
      to[k].v = old[k].v + (f.weight * (v - old[k].v) + v_change);
      to[k].h = old[k].h + (f.weight * (h - old[k].h) - h_change);
    }
    if constexpr (wall != Wall::north) close(drive, count);
    close(to, count);
  }

 private:
  static Vector from_west(Vector last) { return rotate<lanes - 1>(last, std::make_index_sequence<lanes>()); }
  static Vector from_east(Vector first) { return rotate<1>(first, std::make_index_sequence<lanes>()); }
  template <std::size_t by, std::size_t... lane>
  static Vector rotate(Vector v, std::index_sequence<lane...>) {
    return __builtin_shufflevector(v, v, static_cast<int>((lane + by) % lanes)...);
  }
};

}  // namespace tandem::kernels
