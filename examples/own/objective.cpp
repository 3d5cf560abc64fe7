// SPDX-License-Identifier: Apache-2.0
//
// A user-defined objective, written once: its value with Eval, its gradient with Tape, Hessian-vector products with Dual.
// prints: the gradient agrees with differences, yes
// prints: the Hessian is symmetric, yes
// prints: trace [0-9.]+
#include <cmath>
#include <iostream>

#include <vitscape/vitscape.hpp>

using namespace vitscape;

/// The mean squared error of a small network, y = GELU(x W1^T + b1) W2^T + b2, over fixed points.
template <Backend B>
class Regression {
  public:
    Regression(B backend, const std::vector<double>& x, const std::vector<double>& y)
        : backend_(backend), x_(x), y_(y), samples_(static_cast<Index>(x.size())) {
        first_ = {layout_.add("first.weight", {8, 1}, ParameterKind::weight, Initializer::normal(1)),
                  layout_.add("first.bias", {8}, ParameterKind::bias, Initializer::normal(1))};
        second_ = {layout_.add("second.weight", {1, 8}, ParameterKind::weight, Initializer::normal(0.3)),
                   layout_.add("second.bias", {1}, ParameterKind::bias, Initializer::zeros())};
    }

    B backend() const { return backend_; }
    const ParameterLayout& layout() const { return layout_; }

    double value(const Vector<B>& theta) const {
        Eval<B> eval(backend_, theta.data());
        double sum = 0;
        for (const double loss : download(backend_, losses(eval).value.view())) sum += loss;
        return sum / static_cast<double>(samples_);
    }
    double gradient(const Vector<B>& theta, Vector<B>& out) const {
        fill(0, out);
        Tape<B> tape(backend_, theta.data(), out.data());
        tape.backward(losses(tape), 1 / static_cast<double>(samples_));
        return value(theta);
    }
    void hessian_vector(const Vector<B>& theta, const Vector<B>& v, Vector<B>& out) const {
        Vector<B> gradient(backend_, theta.size());  // the values; the product is in the tangents
        fill(0, out);
        Tape<Dual<B>> tape(Dual<B>(backend_), {{theta.data(), v.data()}}, {{gradient.data(), out.data()}});
        tape.backward(losses(tape), 1 / static_cast<double>(samples_));
    }

  private:
    /// The model, on any recorder: one loss per sample.
    template <Recorder R, class On = typename R::BackendType>
    Variable<Master<On>> losses(R& recorder) const {
        const Tensor<On> x = upload(recorder.backend(), {samples_, 1}, x_),
                         y = upload(recorder.backend(), {samples_, 1}, y_);
        const Variable<On> hidden = linear_gelu(recorder, recorder.constant(x), first_);  // (samples, 8)
        return squared_error(recorder, linear(recorder, hidden, second_), y);
    }

    B backend_;
    std::vector<double> x_, y_;
    Index samples_;
    ParameterLayout layout_;
    LinearParameters first_, second_;
};

using Cpu64 = Cpu<double>;
static_assert(TwiceDifferentiable<Regression<Cpu64>, Cpu64>);

int main() {
    std::vector<double> x, y;
    for (int i = 0; i < 20; ++i) {
        x.push_back(i / 10.0 - 1);
        y.push_back(std::sin(3 * x.back()));
    }
    Regression<Cpu64> loss(Cpu64{}, x, y);
    using V = Vector<Cpu64>;
    const V theta(loss.backend(), initial_values(loss.layout(), 0));
    const V u = gaussian_direction(loss.backend(), loss.layout(), 1, 0),
            v = gaussian_direction(loss.backend(), loss.layout(), 1, 1);

    V gradient = theta, there = theta, back = theta, hu = theta, hv = theta;
    loss.gradient(theta, gradient);
    axpby(1e-5, u, 1, there);
    axpby(-1e-5, u, 1, back);
    const double slope = (loss.value(there) - loss.value(back)) / 2e-5;
    std::cout << "the gradient agrees with differences, "
              << (std::abs(slope - dot(gradient, u)) < 1e-7 ? "yes\n" : "no\n");
    loss.hessian_vector(theta, u, hu);
    loss.hessian_vector(theta, v, hv);
    std::cout << "the Hessian is symmetric, "
              << (std::abs(dot(v, hu) - dot(u, hv)) < 1e-12 ? "yes\n" : "no\n");
    std::cout << "trace " << trace(hessian(loss, theta), {.samples = 200}).value << '\n';
}
