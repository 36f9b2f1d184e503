// Functions are written out as polynomials, comparisons choose lanes, constants are immediate.
// RUN: bs-opt %s --emit llvm | filecheck %s

// CHECK: define void @k(
kern.func @k(%x : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  // CHECK-NEXT: entry:
  // CHECK-NEXT: [[P:%.*]] = getelementptr inbounds float, ptr %a0, i64 %a1
  // CHECK-NEXT: [[V:%.*]] = load <16 x float>, ptr [[P]], align 4
  %v = kern.load %x[%n] : vector<16xf32>
  %zero = arith.constant dense<0.0> : vector<16xf32>
  // CHECK-NEXT: [[C:%.*]] = fcmp ogt <16 x float> [[V]], splat (float 0x0000000000000000)
  // CHECK-NEXT: [[S:%.*]] = select <16 x i1> [[C]], <16 x float> [[V]], <16 x float> splat (float 0x0000000000000000)
  %s = kern.choose ogt %v, %zero, %v, %zero : vector<16xf32>
  // CHECK-NOT: @llvm.exp
  // CHECK: call <16 x float> @llvm.fmuladd.v16f32(
  // CHECK: shl <16 x i32>
  // CHECK: fmul <16 x float>
  // CHECK-NEXT: [[E:%.*]] = fmul <16 x float>
  %e = math.exp %s : vector<16xf32>
  // CHECK: [[W:%.*]] = fpext <16 x float> [[E]] to <16 x double>
  %w = arith.extf %e : vector<16xf32> to vector<16xf64>
  // CHECK: store <16 x double> [[W]]
  kern.store %w, %x[%n] : vector<16xf64>
  kern.return
}
