// Copyright (c) the erg authors. SPDX-License-Identifier: MIT
#pragma once

#include "erg/detail/require.hpp"
#include "erg/flow/bijector.hpp"
#include "erg/flow/lean.hpp"

#include <stdexcept>

namespace erg::flow {

/// The parameters of a conditioner: those of its network, the last array of weights and the last biases starting at 0 instead, so that
/// the transform starts as the identity.
template <class Net>
void describe_conditioner(const Net& net, nn::ParameterList& list) {
  nn::ParameterList own;
  nn::describe(net, own);
  const auto& slices = own.slices();
  const auto layer = [](const std::string& name) { return name.substr(0, name.rfind('.') + 1); };
  list.within("net", [&] {
    for (const auto& s : slices) {
      const bool is_last = layer(s.name) == layer(slices.back().name);
      list.add(s.name, s.shape, is_last ? 0.0 : s.bound, is_last ? 0.0 : s.start, s.is_state);
    }
  });
}

/// Some coordinates are transformed, one by one, with parameters computed from the others.
///
///   x_id = z_id,   x_tr = f(z_tr; net(z_id)),   log_det = sum log f'
///
/// The halves are runs of coordinates, [0, dim / 2) and the rest: nothing is masked and nothing gathered. Row j n_parameters + i of the
/// network's output is parameter i of the j-th transformed coordinate.
/// Shapes    net: n_id() inputs, n_tr() Transform::n_parameters outputs
/// Errors    std::invalid_argument: dim < 2; a network of other sizes
/// Cost      one pass of the network either way
/// Source    Dinh, Krueger, Bengio (2015), eq. (6); Durkan, Bekasov, Murray, Papamakarios (2019), section 2
template <class Transform, class Net>
class Coupling {
  static_assert(!nn::is_reparametrised<Net>(), "erg: conditioners take plain weights; weight or spectral normalisation is for energies.");
  static constexpr int each = Transform::n_parameters;

 public:
  /// make_net(n_inputs, n_outputs) builds the conditioner. first_is_kept: the first half conditions, the second is transformed.
  template <class MakeNet>
  Coupling(int dim, bool first_is_kept, Transform transform, MakeNet&& make_net)
      : dim_(erg::detail::require_count("the dim of a coupling", dim, 2)),
        first_id_(first_is_kept ? 0 : dim / 2),
        n_id_(first_is_kept ? dim / 2 : dim - dim / 2),
        transform_(transform),
        net_(resolved(make_net(n_id_, (dim - n_id_) * each), n_id_)),
        lean_(detail::lean(net_)) {
    const int n_out = net_.output_shape().size();
    if (n_out != n_tr() * each) {
      throw std::invalid_argument("a conditioner of " + std::to_string(n_out) + " outputs (" + std::to_string(n_tr()) + " coordinates take " +
                                  std::to_string(each) + " parameters each) give it " + std::to_string(n_tr() * each));
    }
  }

  int dim() const { return dim_; }
  int n_id() const { return n_id_; }
  int n_tr() const { return dim_ - n_id_; }
  const Net& net() const { return net_; }
  int n_parameters() const { return nn::n_parameters(net_); }
  int n_tape() const { return n_tr() * (each + 1) + n_id_ + nn::n_tape(net_); }
  int n_scratch() const { return n_tr() * each + nn::n_tape(lean_); }
  void describe(nn::ParameterList& list) const { describe_conditioner(net_, list); }
  template <class T>
  void refresh(T* w) const {
    nn::refresh(net_, w);
  }

  /// With a tape of n_scratch() rows there is no way back.
  template <Way way, class L>
  void map(const Real<L>* w, Block<L> v, LogDet<L> log_det, Block<L> tape) const {
    if (tape.n_features < n_tape()) {
      const Block<L> p = tape.rows(0, n_tr() * each);
      lean_.template forward<L>(w, v.rows(first_id_, n_id_), p, tape.rows(n_tr() * each, nn::n_tape(lean_)));
      transform<way, false, L>(p, v.rows(first_tr(), n_tr()), {}, log_det);
    } else {
      const Parts<L> at = parts(v, tape);
      net_.template forward<L>(w, at.id, at.p, at.inner);
      transform<way, true, L>(at.p, at.tr, at.kept, log_det);
    }
  }
  template <Way way, class L>
  void back(const Real<L>* w, Block<L> v, Block<L> g, Block<const L> gl, Block<L> tape, Gradient<L> gw) const {
    const Parts<L> at = parts(v, tape);
    const Block<L> g_id = g.rows(first_id_, n_id_), g_tr = g.rows(first_tr(), n_tr());
    for (int j = 0; j < n_tr(); ++j) {
      for (int i = 0; i < v.n_groups; ++i) {
        const auto p = [&](int k) __attribute__((always_inline)) { return at.p.get(j * each + k, i); };
        const auto put = [&](int k, const L& slope) __attribute__((always_inline)) { at.p.put(j * each + k, i, slope); };
        const L given = at.kept.get(j, i), z = way == Way::to_data ? given : at.tr.get(j, i);
        g_tr.put(j, i, transform_.template pull_back<way>(p, z, L(g_tr.get(j, i)), L(gl.get(0, i)), put));
        at.tr.put(j, i, given);
      }
    }
    if (wants(gw)) {
      nn::backward<L>(net_, w, at.id, at.inner, at.p, at.g_id, gw);
    } else {
      net_.template input_gradient<L>(w, at.id, at.inner, at.p, at.g_id);
    }
    for (int j = 0; j < n_id_; ++j) {
      for (int i = 0; i < v.n_groups; ++i) g_id.put(j, i, g_id.get(j, i) + at.g_id.get(j, i));
    }
  }

 private:
  template <class L>
  struct Parts {
    Block<L> id, tr, p, kept, g_id, inner;
  };
  static Net resolved(Net net, int n_in) {
    net.resolve(n_in);
    return net;
  }
  template <Way way, bool keeps, class L>
  void transform(Block<L> params, Block<L> tr, Block<L> kept, LogDet<L> log_det) const {
    for (int j = 0; j < n_tr(); ++j) {
      for (int g = 0; g < tr.n_groups; ++g) {
        const auto p = [&](int i) __attribute__((always_inline)) { return params.get(j * each + i, g); };
        const L given = tr.get(j, g);
        L log_slope;
        if constexpr (keeps) kept.put(j, g, given);
        tr.put(j, g, way == Way::to_data ? transform_.to_data(p, given, log_slope) : transform_.to_latent(p, given, log_slope));
        log_det.add(g, log_slope);
      }
    }
  }
  int first_tr() const { return first_id_ == 0 ? n_id_ : 0; }
  template <class L>
  Parts<L> parts(Block<L> v, Block<L> tape) const {
    const int n_p = n_tr() * each;
    return {v.rows(first_id_, n_id_),          v.rows(first_tr(), n_tr()),           tape.rows(0, n_p),
            tape.rows(n_p, n_tr()),            tape.rows(n_p + n_tr(), n_id_),       tape.rows(n_p + n_tr() + n_id_, nn::n_tape(net_))};
  }

  int dim_, first_id_, n_id_;
  Transform transform_;
  Net net_;
  decltype(detail::lean(std::declval<const Net&>())) lean_;
};

}  // namespace erg::flow
