// Operations on lanes and rows are printed as they are read.
// RUN: bs-opt %s | bs-opt | filecheck %s

// CHECK-LABEL: kern.func @lanes
kern.func @lanes(%x : !kern.ptr, %n : index, %ws : !kern.ptr, %tid : index, %nt : index) {
  // CHECK-NEXT: %a, %b = kern.load_rows %x[%n] stride 3 : vector<16xf32>, vector<16xf32>
  %a, %b = kern.load_rows %x[%n] stride 3 : vector<16xf32>, vector<16xf32>
  // CHECK-NEXT: %c = kern.choose olt %a, %b, %b, %a : vector<16xf32>
  %c = kern.choose olt %a, %b, %b, %a : vector<16xf32>
  // CHECK-NEXT: %d = kern.fill %c, %n, %b : vector<16xf32>
  %d = kern.fill %c, %n, %b : vector<16xf32>
  // CHECK-NEXT: %e = kern.decay %d : vector<16xf32>
  %e = kern.decay %d : vector<16xf32>
  // CHECK-NEXT: kern.store_rows %x[%n], %tid stride 2 from %c, %d : vector<16xf32>, vector<16xf32>
  kern.store_rows %x[%n], %tid stride 2 from %c, %d : vector<16xf32>, vector<16xf32>
  kern.return
}
