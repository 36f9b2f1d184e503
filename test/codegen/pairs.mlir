// Two vectors are rounded at once and their halves ordered; a step of a product takes pairs.
// RUN: bs-opt %s --emit llvm | filecheck %s

// CHECK-LABEL: define void @k(
kern.func @k(%x : !kern.ptr, %y : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %a = kern.load %x[%c0] : vector<16xf32>
  %b = kern.load %x[%c16] : vector<16xf32>
  // CHECK: %[[A:.*]] = load <16 x float>
  // CHECK: %[[B:.*]] = load <16 x float>
  // CHECK: call <32 x bfloat> @llvm.x86.avx512bf16.cvtne2ps2bf16.512(<16 x float> %[[B]], <16 x float> %[[A]])
  // CHECK-NEXT: bitcast <32 x bfloat> {{.*}} to <16 x i32>
  %p = kern.round_pairs "along" %a, %b : vector<16xf32>, vector<16xf32> to vector<16xi32>
  // CHECK: cvtne2ps2bf16
  // CHECK-NEXT: shufflevector <32 x bfloat> {{.*}} <32 x i32> <i32 0, i32 16, i32 1, i32 17,
  %q = kern.round_pairs "across" %a, %b : vector<16xf32>, vector<16xf32> to vector<16xi32>
  kern.store %p, %ws[%c0] : vector<16xi32>
  kern.store %q, %ws[%c16] : vector<16xi32>
  %z = kern.tile_zero : !kern.tile<1, 16, vector<16xf32>>
  // CHECK: call <16 x float> @llvm.x86.avx512bf16.dpbf16ps.512(<16 x float> {{.*}}, <32 x bfloat> {{.*}}, <32 x bfloat>
  // CHECK-NOT: fmuladd
  %t = kern.tile_multiply %z, %ws row 16 step %c1, %ws pitch %c16, depth %n unroll 1 pairs : !kern.tile<1, 16, vector<16xf32>>
  kern.tile_store %t, %y[%c0] stride 16 : !kern.tile<1, 16, vector<16xf32>>
  kern.return
}
