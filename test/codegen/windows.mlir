// Gathered products: elements at places written out, none where a place is left out; then columns.
// RUN: bs-opt %s --emit llvm | filecheck %s

// CHECK-LABEL: define void @k(
kern.func @k(%x : !kern.ptr, %y : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  %z = kern.tile_zero : !kern.tile<2, 4, vector<4xf32>>
  // The first step has both rows, the second only the last.
  // CHECK: load <4 x float>, ptr %a1, align 4
  // CHECK: getelementptr inbounds float, ptr %a0, i64 3
  // CHECK: call <4 x float> @llvm.fmuladd.v4f32(
  // CHECK: getelementptr inbounds float, ptr %a0, i64 5
  // CHECK: call <4 x float> @llvm.fmuladd.v4f32(
  // CHECK: getelementptr inbounds float, ptr %a1, i64 8
  // CHECK: getelementptr inbounds float, ptr %a0, i64 7
  // CHECK: call <4 x float> @llvm.fmuladd.v4f32(
  // CHECK-NOT: fmuladd
  %t = kern.tile_gather %z, %x at [3, 5, -4611686018427387904, 7], %y pitch 8 : !kern.tile<2, 4, vector<4xf32>>
  // Columns 0 to 2 of the two rows; what no row fills is not stored.
  // CHECK-COUNT-4: shufflevector <4 x float>
  // CHECK-COUNT-3: @llvm.masked.store.v4f32.p0({{.*}}<i1 true, i1 true, i1 false, i1 false>
  // CHECK-NOT: masked.store
  // CHECK: ret void
  kern.tile_across %t columns 3 : !kern.tile<2, 4, vector<4xf32>> {
  ^bb0(%v : vector<4xf32>, %row : index, %column : index, %count : index):
    %c9 = arith.constant 9 : index
    %p = arith.muli %column, %c9 : index
    %i = arith.addi %p, %row : index
    kern.store %v, %ws[%i], %count : vector<4xf32>
    kern.tile_end
  }
  kern.return
}
