{{- define "slowwave.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "slowwave.names" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "slowwave.labels" -}}
{{ include "slowwave.names" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* The pods of the daemon, and no others: a Deployment's selector, which can never change. */}}
{{- define "slowwave.daemon" -}}
{{ include "slowwave.names" . }}
app.kubernetes.io/component: daemon
{{- end -}}

{{- define "slowwave.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}

{{/* The leaves of the map `from`, by their dotted names, into the map `into`. A dotted key comes after its section, and so
wins over it: the chart's defaults are nested. */}}
{{- define "slowwave.flatten" -}}
{{- range $key, $value := .from -}}
{{- $name := printf "%s%s" $.prefix $key -}}
{{- if kindIs "map" $value -}}
{{- include "slowwave.flatten" (dict "into" $.into "prefix" (printf "%s." $name) "from" $value) -}}
{{- else if not (kindIs "invalid" $value) -}}
{{- $_ := set $.into $name $value -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* `value` at `path`, a list of names, into the map `into`. */}}
{{- define "slowwave.put" -}}
{{- $name := first .path -}}
{{- if eq (len .path) 1 -}}
{{- $_ := set .into $name .value -}}
{{- else -}}
{{- if not (hasKey .into $name) -}}{{- $_ := set .into $name dict -}}{{- end -}}
{{- if not (kindIs "map" (index .into $name)) -}}
{{- fail (printf "config.%s is given as a value and as a section" $name) -}}
{{- end -}}
{{- include "slowwave.put" (dict "into" (index .into $name) "path" (rest .path) "value" .value) -}}
{{- end -}}
{{- end -}}

{{/* A key of the daemon as the values have it, nested or dotted; nothing if they do not. */}}
{{- define "slowwave.value" -}}
{{- $config := dict -}}
{{- include "slowwave.flatten" (dict "into" $config "prefix" "" "from" .values.config) -}}
{{- if hasKey $config .key -}}{{- index $config .key -}}{{- end -}}
{{- end -}}

{{- define "slowwave.shutdownSeconds" -}}
{{- include "slowwave.value" (dict "values" .Values "key" "shutdown.seconds") | default "20" -}}
{{- end -}}

{{- define "slowwave.asksEndpoint" -}}
{{- if include "slowwave.value" (dict "values" .values "key" (printf "%s.base_url" .name)) -}}true{{- end -}}
{{- end -}}

{{/* The port of an address that the pod's neighbours and kubelet reach. */}}
{{- define "slowwave.port" -}}
{{- $address := include "slowwave.value" . -}}
{{- if not (regexMatch ":[1-9][0-9]*$" $address) -}}
{{- fail (printf "config.%s is '%s': in a pod it has to be an address with a port of its own, such as 0.0.0.0:50051" .key $address) -}}
{{- end -}}
{{- if regexMatch "^(localhost|127[.].*|[[]?::1[]]?):[0-9]+$" $address -}}
{{- fail (printf "config.%s is '%s', which neither clients nor probes reach from outside of the pod: 0.0.0.0 and a port" .key $address) -}}
{{- end -}}
{{- regexFind "[0-9]+$" $address -}}
{{- end -}}

{{- define "slowwave.grpcPort" -}}{{- include "slowwave.port" (dict "values" .Values "key" "listen") -}}{{- end -}}
{{- define "slowwave.metricsPort" -}}{{- include "slowwave.port" (dict "values" .Values "key" "http_listen") -}}{{- end -}}

{{/* slowwave.yaml: what the values say, and the paths of what is mounted. */}}
{{- define "slowwave.config" -}}
{{- $mounted := dict -}}
{{- if .Values.tls.secret -}}
{{- $_ := set $mounted "tls.cert_file" "/run/secrets/slowwave/tls/tls.crt" -}}
{{- $_ := set $mounted "tls.key_file" "/run/secrets/slowwave/tls/tls.key" -}}
{{- if .Values.tls.clientCa -}}{{- $_ := set $mounted "tls.client_ca_file" "/run/secrets/slowwave/tls/ca.crt" -}}{{- end -}}
{{- end -}}
{{- if .Values.auth.secret -}}
{{- $_ := set $mounted "auth.tokens_file" "/run/secrets/slowwave/tokens/tokens.yaml" -}}
{{- end -}}
{{- if eq .Values.store.kind "postgres" -}}
{{- if .Values.migration.enabled -}}{{- $_ := set $mounted "store.migrate" "check" -}}{{- end -}}
{{- else -}}
{{- $_ := set $mounted "data_dir" "/var/lib/slowwave" -}}
{{- end -}}
{{- range $name := list "llm" "embedding" -}}
{{- if include "slowwave.mountsKey" (dict "values" $.Values "name" $name) -}}
{{- $_ := set $mounted (printf "%s.api_key_file" $name) (printf "/run/secrets/slowwave/%s/api-key" $name) -}}
{{- end -}}
{{- end -}}
{{- $config := dict -}}
{{- include "slowwave.flatten" (dict "into" $config "prefix" "" "from" .Values.config) -}}
{{- range $key, $value := $mounted -}}
{{- if and (hasKey $config $key) (ne (toString (index $config $key)) $value) -}}
{{- fail (printf "config.%s is the chart's to say, and here it is %s: leave it out, or switch off what it comes from (tls.secret, auth.secret, llm.secret, embedding.secret, migration.enabled)" $key $value) -}}
{{- end -}}
{{- $_ := set $config $key $value -}}
{{- end -}}
{{- $nested := dict -}}
{{- range $key, $value := $config -}}
{{- include "slowwave.put" (dict "into" $nested "path" (splitList "." $key) "value" $value) -}}
{{- end -}}
{{- toYaml $nested -}}
{{- end -}}

{{/* What cannot work is refused here rather than by pods that do not start. */}}
{{- define "slowwave.check" -}}
{{- if and (eq .Values.store.kind "embedded") (or (ne (int .Values.replicas) 1) (ne .Values.autoscaling.kind "none")) -}}
{{- fail "store.kind embedded: one daemon owns the file; set replicas: 1 and autoscaling.kind: none" -}}
{{- end -}}
{{- $config := dict -}}
{{- include "slowwave.flatten" (dict "into" $config "prefix" "" "from" .Values.config) -}}
{{- $tls := or .Values.tls.secret (get $config "tls.cert_file") -}}
{{- $auth := or .Values.auth.secret (get $config "auth.tokens_file") (get $config "auth.jwt.keys_file") -}}
{{- if and (not (and $tls $auth)) (ne (toString (get $config "allow_insecure_listen")) "true") -}}
{{- fail "without tls.secret and auth.secret the daemon listens beyond loopback only with config.allow_insecure_listen: true" -}}
{{- end -}}
{{- $places := dict -}}
{{- $_ := set $places "store.url" "the secret that store.secret names, as url" -}}
{{- $_ := set $places "store.listen_url" "the secret that store.secret names, as listen-url" -}}
{{- $_ := set $places "llm.api_key" "the secret that llm.secret names, as api-key" -}}
{{- $_ := set $places "embedding.api_key" "the secret that embedding.secret names, as api-key" -}}
{{- range $key, $place := $places -}}
{{- if get $config $key -}}
{{- fail (printf "config.%s would be readable in a config map: put it into %s" $key $place) -}}
{{- end -}}
{{- end -}}
{{- range $key := list "llm.proxy" "embedding.proxy" "llm.base_url" "embedding.base_url" -}}
{{- if contains "@" (toString (get $config $key)) -}}
{{- fail (printf "the password in config.%s would be readable in a config map: give it by extraEnv, from a secret, as SLOWWAVE_%s" $key ($key | upper | replace "." "_")) -}}
{{- end -}}
{{- end -}}
{{- range .Values.extraEnv -}}
{{- if has .name (list "SLOWWAVE_CONFIG" "SLOWWAVE_LISTEN" "SLOWWAVE_HTTP_LISTEN" "SLOWWAVE_STORE_URL" "SLOWWAVE_STORE_LISTEN_URL") -}}
{{- fail (printf "extraEnv: %s is the chart's to say, by config or by the secret that store.secret names" .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Optional in kustomize, where no template can tell; mounted here if it is used. */}}
{{- define "slowwave.mountsKey" -}}
{{- if and (index .values .name).secret (include "slowwave.asksEndpoint" .) -}}true{{- end -}}
{{- end -}}

{{- define "slowwave.migrationLimits" -}}
resources:
  requests: {cpu: 100m, memory: 64Mi}
  limits: {memory: 256Mi}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}
