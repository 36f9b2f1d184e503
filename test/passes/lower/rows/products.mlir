// A product with a matrix for every sample: vectors along its rows, one loop over what is summed.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx512}' | filecheck %s

// CHECK: kern.func @k
sched.kernel @k rows(%a : !net.t<[16 x 5], f32, @"*">, %b : !net.t<[5], f32, @"*">)
    -> (!net.t<[16], f32, @"*">) {
  // CHECK: scf.for %{{.*}} = %start to %end
  // CHECK: scf.for {{.*}} iter_args
  // CHECK: %[[A:.*]] = kern.load %x0[%{{.*}}] : vector<16xf32>
  // CHECK: %[[B:.*]] = kern.load %x1[%{{.*}}] : f32
  // CHECK: %[[ALL:.*]] = kern.broadcast %[[B]]
  // CHECK: arith.mulf %[[A]], %[[ALL]]
  %z = net.times %a, %b : !net.t<[16], f32, @"*">
  sched.yield %z : !net.t<[16], f32, @"*">
}
