// Numbers that are spliced to one sample are turned into rows once, not one after the other.
// RUN: bs-opt %s -p 'sched-to-kern{target=avx512}' | filecheck %s

// CHECK: kern.func @k
sched.kernel @k rows(%a: !net.t<[1], f32, @"*">, %b: !net.t<[1], f32, @"*">, %c: !net.t<[1], f32, @"*">) -> (!net.t<[3], f32, @"*">) {
  // CHECK: scf.for
  // CHECK: %[[A:.*]] = kern.load %x0
  // CHECK-NEXT: %[[B:.*]] = kern.load %x1
  // CHECK-NEXT: %[[C:.*]] = kern.load %x2
  // CHECK: kern.store_rows %y0[%{{.*}}] stride 3 from %[[A]], %[[B]], %[[C]]
  // CHECK-NOT: kern.store_rows
  // CHECK: scf.for
  %s = net.splice %a, %b, %c {axis = 1} : !net.t<[3], f32, @"*">
  sched.yield %s : !net.t<[3], f32, @"*">
}
