{{- define "bailiwick.name" -}}
{{- $both := printf "%s-%s" .Release.Name .Chart.Name }}
{{- contains .Chart.Name .Release.Name | ternary .Release.Name $both | trunc 50 | trimSuffix "-" }}
{{- end }}

{{- define "bailiwick.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "bailiwick.labels" -}}
{{ include "bailiwick.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "bailiwick.image" -}}
{{- with .Values.image }}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{/* Settings as variables: what is no text as JSON writes it. */}}
{{- define "bailiwick.settings" -}}
{{- range $section, $keys := .Values.settings }}
{{- range $key, $value := $keys }}
- name: {{ printf "BAILIWICK__%s__%s" $section $key | upper }}
  value: {{ kindIs "string" $value | ternary $value ($value | toJson) | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "bailiwick.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "bailiwick.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}
