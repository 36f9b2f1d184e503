// Rows become columns by shuffles: short rows element by element, longer ones by transposition.
// RUN: bs-opt %s --emit llvm | filecheck %s

// CHECK: define void @k(
kern.func @k(%x : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  // CHECK: load <4 x float>
  // CHECK: load <4 x float>
  // CHECK: shufflevector {{.*}} <i32 0, i32 2, i32 4, i32 6>
  // CHECK: shufflevector {{.*}} <i32 1, i32 3, i32 5, i32 7>
  %a, %b = kern.load_rows %x[%n] stride 2 : vector<4xf32>, vector<4xf32>
  // CHECK: shufflevector {{.*}} <i32 0, i32 4, i32 1, i32 5>
  // CHECK: store <4 x float>
  // CHECK: shufflevector {{.*}} <i32 2, i32 6, i32 3, i32 7>
  // CHECK: store <4 x float>
  kern.store_rows %x[%n] stride 2 from %a, %b : vector<4xf32>, vector<4xf32>
  // CHECK-COUNT-4: call <4 x float> @llvm.masked.load.v4f32.p0
  // CHECK-COUNT-8: shufflevector
  // CHECK: store <4 x float>
  %c, %d, %e = kern.load_rows %x[%n] stride 9 : vector<4xf32>, vector<4xf32>, vector<4xf32>
  %f = arith.addf %c, %d : vector<4xf32>
  %g = arith.addf %f, %e : vector<4xf32>
  kern.store %g, %x[%n] : vector<4xf32>
  kern.return
}
